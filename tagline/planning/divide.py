"""The rows of a plan: each on its side of the split, all in packing order."""

from collections.abc import Mapping, Sequence

from tagline.formats.reasons import UnusableList
from tagline.formats.rows import PlannedRow, Side
from tagline.formats.tasks import Task
from tagline.listing.rows import Row
from tagline.planning.inventory import Found
from tagline.planning.sharding import packing_rank
from tagline.split.memory import ATTEMPTS, SplitFile, SplitOvertaken
from tagline.split.sides import Assigning, CannotSplit, assign_sides, content_hash
from tagline.split.strata import assign_strata


def divide(
    located: list[tuple[Row, Found]],
    file: SplitFile,
    *,
    packed: bool = False,
    task: Task = Task.MULTI,
) -> list[PlannedRow]:
    """Return the rows in packing order, on sides that no later plan of the dataset will change.

    `packed`: an earlier run of the dataset was packed, so that what is remembered is settled.
    Where the `task` is single, each label keeps its shares to an image.
    The list given is emptied on the way: twice a million rows would not fit. Raises UnusableList
    where there are fewer than two different images, and SplitOvertaken when other plans keep
    deciding at the same time.
    """
    seed = file.settings.seed
    hashes = [content_hash(found.etag, seed) for _, found in located]
    assign = assign_strata if task is Task.SINGLE else assign_sides
    sides, known = _decide(hashes, [row.labels for row, _ in located], file, assign)
    texts: dict[bytes, str] = {}  # of the combinations of labels, which are far fewer than rows
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
                labels=texts.setdefault(row.labels, row.labels.decode("ascii")),
                split=sides[content],
                settled=packed and content in known,
            )
        )
    planned.sort(key=lambda row: packing_rank(row.id, seed))
    return planned


def _decide(
    hashes: Sequence[int], labels: Sequence[bytes], file: SplitFile, assign: Assigning
) -> tuple[Mapping[int, Side], Mapping[int, Side]]:
    """Return the sides of the rows' contents, and those that were remembered before."""
    for attempt in range(1, ATTEMPTS + 1):
        memory = file.recall()
        try:
            sides = assign(hashes, labels, file.settings.shares, memory.sides)
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
