"""The rows of a plan: each on its side of the split, all in packing order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tagline.formats.reasons import UnusableList
from tagline.listing.list_file import Row
from tagline.planning.locating import UsableRow
from tagline.planning.sharding import packing_rank
from tagline.planning.split.memory import SplitFile, SplitOvertaken
from tagline.planning.split.sides import CannotSplit, Side, assign, place
from tagline.settings.schema import Split

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 5


class PlannedRow(NamedTuple):
    """A usable row with its side; `reuse` is the id of an earlier run's record of its image."""

    row: Row
    etag: str
    size: int
    side: Side
    reuse: int | None = None

    def record(self) -> dict[str, object]:
        """Return the row's line in its shard."""
        row = self.row
        record: dict[str, object] = {
            "line": row.line,
            "id": row.id,
            "path": row.path,
            "bucket": row.bucket,
            "key": row.key,
            "etag": self.etag,
            "size": self.size,
            "labels": row.labels.decode("ascii"),
            "split": self.side.value,
        }
        if self.reuse is not None:
            record["reuse"] = self.reuse
        return record


def divide(
    usable: Sequence[UsableRow], client: "S3Client", bucket: str, dataset: str, settings: Split
) -> list[PlannedRow]:
    """Return the rows in packing order, on sides that no later plan of the dataset will change.

    Raises UnusableList where there are fewer than two different images, and SplitOvertaken when
    other plans keep deciding at the same time.
    """
    file = SplitFile(client, bucket, dataset, settings)
    places = [place(found.etag, settings.seed) for found in usable]
    labels = [found.row.labels for found in usable]
    for attempt in range(1, _ATTEMPTS + 1):
        memory = file.recall()
        try:
            sides = assign(places, labels, settings.validation, memory.sides)
            file.remember(memory, sides)
            break
        except CannotSplit as exc:
            raise UnusableList(
                f"{len(usable):,} usable row(s) with {exc}: one to train on, one to validate"
            ) from exc
        except SplitOvertaken:
            if attempt == _ATTEMPTS:
                raise
    planned = [
        PlannedRow(found.row, found.etag, found.size, sides[at])
        for found, at in zip(usable, places, strict=True)
    ]
    planned.sort(key=lambda item: packing_rank(item.row.id, settings.seed))
    return planned
