"""What keeps a list's rows between the steps of a plan: memory, or an engine that needs little."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.rows import IndexedImage, PlannedRow, Reject
from tagline.formats.settings import Settings
from tagline.formats.tasks import Task
from tagline.listing.sources import Source
from tagline.listing.survey import Survey

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Rejects(Protocol):
    """The rows that stay out, in the list's order; they may be read again and again."""

    def __len__(self) -> int:
        """Return their number."""

    def __iter__(self) -> Iterator[Reject]:
        """Yield them."""


class Compared(NamedTuple):
    """Images of an earlier run beside those of a plan.

    `gone` are the earlier run's alone; of the `shared` ones `relabelled` have other labels now,
    which is not known (None) where that run kept no labels.
    """

    shared: int
    gone: int
    relabelled: int | None


class Store(Protocol):
    """The rows of one list as a plan knows them, from the first step to the last.

    The steps come in the order in which they stand here; each leaves what the next one needs.
    """

    @property
    def rejects(self) -> Rejects:
        """The rows that stay out so far."""

    def __len__(self) -> int:
        """Return the number of rows that do not stay out so far."""

    def read(self, stream: BinaryIO, survey: Survey, source: Source, settings: Settings) -> int:
        """Take a list's rows in; return how many contradict one that counts."""

    def labels(self) -> Iterable[bytes]:
        """Yield the labels (b"0" or b"1" each) of the rows that do not stay out, in any order."""

    def locate(self, client: "S3Client", source: Source) -> None:
        """Find the rows' objects; raises InvalidSettings where the source cannot be listed."""

    def divide(
        self, bucket: Bucket, dataset: DatasetKeys, settings: Settings, task: Task, *, packed: bool
    ) -> None:
        """Put the rows on sides and into packing order; raises UnusableList or SplitOvertaken.

        `packed`: an earlier run of the dataset was packed, so that what is remembered is settled.
        """

    def planned(self) -> Iterator[PlannedRow]:
        """Yield the rows in packing order."""

    def to_fetch(self) -> Iterator[int]:
        """Yield what `to_fetch` says of each row, in packing order."""

    def copies(self) -> int:
        """Return how many rows have the bytes of another one's image."""

    def look_up(self, bucket: Bucket, keys: RunKeys) -> int:
        """Return how many of the images the record files of a run hold.

        Raises Absent or UnreadableDocument where that run's index is not what a run leaves.
        """

    def reuse(self, run: str) -> None:
        """Mark the rows whose image that run holds, which was looked up."""

    def compare(self, before: Iterable[IndexedImage], index: Iterable[IndexedImage]) -> Compared:
        """Compare the images of an earlier run with the plan's own."""


def to_fetch(row: PlannedRow) -> int:
    """Return how many bytes of a row's image are read from the source."""
    return row.size if row.reuse is None else 0
