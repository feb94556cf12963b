"""Which row of the list a record is: its line and its path, by what verdicts.jsonl tells."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tagline.formats.rows import Verdict
from trainer.contract import JobRefused, read_lines


def listed(path: Path, ids: Iterable[int]) -> Mapping[int, Verdict]:
    """Return the verdicts of the accepted rows with these ids.

    Only theirs are held: a list may have millions. Raises JobRefused for a file that is missing or
    damaged, and for an id that it has no accepted row of.
    """
    wanted = set(ids)
    found: dict[int, Verdict] = {}
    for verdict in read_lines(path, Verdict):
        if verdict.verdict == "accepted" and verdict.id in wanted:
            found[int(verdict.id)] = verdict
    if missing := wanted - found.keys():
        raise JobRefused(
            f"{path.name} has no accepted row with id {min(missing)}, which is a record"
        )
    return found
