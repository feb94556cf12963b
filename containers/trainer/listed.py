"""Which row of the list a record is: its line and its path, by what verdicts.jsonl tells."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tagline.formats.document import UnreadableDocument, decode_lines
from tagline.formats.rows import Verdict
from trainer.contract import JobRefused, existing


def listed(path: Path, ids: Iterable[int]) -> Mapping[int, Verdict]:
    """Return the verdicts of the accepted rows with these ids.

    Only theirs are held: a list may have millions. Raises JobRefused for a file that is missing or
    damaged, and for an id that it has no accepted row of.
    """
    wanted = set(ids)
    found: dict[int, Verdict] = {}
    try:
        with existing(path, f"input {path.parent.name!r}").open("rb") as lines:
            for verdict in decode_lines(lines, Verdict, path.name):
                if verdict.verdict == "accepted" and verdict.id in wanted:
                    found[int(verdict.id)] = verdict
    except UnreadableDocument as exc:
        raise JobRefused(str(exc)) from exc
    if missing := wanted - found.keys():
        raise JobRefused(
            f"{path.name} has no accepted row with id {min(missing)}, which is a record"
        )
    return found
