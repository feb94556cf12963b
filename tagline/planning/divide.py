"""The rows of a plan: each on its side of the split, all in packing order."""

from collections.abc import Mapping, Sequence

from tagline.formats.reasons import UnusableList
from tagline.formats.rows import PlannedRow, Side
from tagline.listing.rows import Row
from tagline.planning.inventory import Found
from tagline.planning.sharding import packing_rank
from tagline.split.memory import ATTEMPTS, SplitFile, SplitOvertaken
from tagline.split.sides import CannotSplit, assign_sides, content_hash


def divide(
    located: list[tuple[Row, Found]], file: SplitFile, *, packed: bool = False
) -> list[PlannedRow]:
    """Return the rows in packing order, on sides that no later plan of the dataset will change.

    `packed`: an earlier run of the dataset was packed, so that what is remembered is settled.
    The list given is emptied on the way: twice a million rows would not fit. Raises UnusableList
    where there are fewer than two different images, and SplitOvertaken when other plans keep
    deciding at the same time.
    """
    seed = file.settings.seed
    hashes = [content_hash(found.etag, seed) for _, found in located]
    sides, known = _decide(hashes, [row.labels for row, _ in located], file)
    planned: list[PlannedRow] = []
    while located:
        row, found = located.pop()
        content = hashes.pop()
        planned.append(
            PlannedRow(
                line=row.line,
                id=row.id,
                path=row.path,
                bucket=row.bucket,
                key=row.key,
                etag=found.etag,
                size=found.size,
                labels=row.labels.decode("ascii"),
                split=sides[content],
                settled=packed and content in known,
            )
        )
    planned.sort(key=lambda row: packing_rank(row.id, seed))
    return planned


def _decide(
    hashes: Sequence[int], labels: Sequence[bytes], file: SplitFile
) -> tuple[Mapping[int, Side], Mapping[int, Side]]:
    """Return the sides of the rows' contents, and those that were remembered before."""
    for attempt in range(1, ATTEMPTS + 1):
        memory = file.recall()
        try:
            sides = assign_sides(hashes, labels, file.settings.shares, memory.sides)
            file.remember(memory, sides)
        except CannotSplit as exc:
            raise UnusableList(
                f"{len(hashes):,} usable row(s) with {exc}: one to train on, one to validate"
            ) from exc
        except SplitOvertaken:
            if attempt == ATTEMPTS:
                raise
        else:
            break
    return sides, memory.sides
