"""The rows of a plan in the memory of one process: up to what a Lambda function holds."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO

from msgspec.structs import replace

from tagline.aws.partitions import read_records
from tagline.aws.s3 import Bucket
from tagline.formats.image_index import image_digest
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.locations import Location
from tagline.formats.rows import IndexedImage, PlannedRow, Reject
from tagline.formats.settings import Settings
from tagline.formats.tasks import Task
from tagline.listing.list_file import read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import Survey
from tagline.planning.divide import decide
from tagline.planning.finding import fault, find, repeats
from tagline.planning.inventory import Found
from tagline.planning.respelling import find_meant
from tagline.planning.sharding import packing_rank
from tagline.planning.store import Compared, to_fetch
from tagline.split.memory import SplitFile, SplitMemory
from tagline.split.sides import Sides, assign_sides, content_hash
from tagline.split.strata import assign_strata

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Held:
    """A `tagline.planning.store.Store` of lists."""

    def __init__(self) -> None:
        self.rejects: list[Reject] = []
        self._rows: list[Row] = []
        self._located: list[tuple[Row, Found]] = []
        self._planned: list[PlannedRow] = []
        self._records: dict[str, Mapping[int, int]] = {}

    def __len__(self) -> int:
        """Return the number of rows that do not stay out so far."""
        return len(self._planned or self._located or self._rows)

    def read(self, stream: BinaryIO, survey: Survey, source: Source, settings: Settings) -> int:
        """Take a list's rows in; return how many contradict one that counts."""
        found = read_rows(stream, survey, source, settings.on_conflict)
        for row in found:
            if isinstance(row, Row):
                self._rows.append(row)
            else:
                self.rejects.append(row)
        return found.contradicting

    def labels(self) -> Iterable[bytes]:
        """Yield the labels of the rows that do not stay out."""
        return (row.labels for row in self._rows or (row for row, _ in self._located))

    def locate(self, client: "S3Client", source: Source) -> None:
        """Find the rows' objects; raises InvalidSettings where the source cannot be listed."""
        rows, self._rows = self._rows, []
        there_are = find([Location(row.bucket, row.key) for row in rows], client, source)
        missing = [row for row in rows if (row.bucket, row.key) not in there_are]
        meant = find_meant(missing, lambda places: find(places, client, source), source)
        taken = {(row.bucket, row.key): row for row in rows} if meant else {}
        for listed in rows:
            row = listed
            instead = meant.get(row.line)
            why = None
            if instead is not None and instead.found is not None:
                row = row._replace(key=instead.key)
                there_are[row.bucket, row.key] = instead.found
                why = repeats(taken.setdefault((row.bucket, row.key), row), row)
            there = there_are.get((row.bucket, row.key))
            why = why or fault(row, there, instead)
            if why is not None:
                self.rejects.append(listed.reject(*why))
            elif isinstance(there, Found):
                self._located.append((row, there))
        self.rejects.sort(key=lambda reject: reject.line)

    def divide(
        self, bucket: Bucket, dataset: DatasetKeys, settings: Settings, task: Task, *, packed: bool
    ) -> None:
        """Put the rows on sides and into packing order; raises UnusableList or SplitOvertaken."""
        seed, shares = settings.split.seed, settings.split.shares
        hashes = [content_hash(found.etag, seed) for _, found in self._located]
        labels = [row.labels for row, _ in self._located]
        assign = assign_strata if task is Task.SINGLE else assign_sides

        def assigned(memory: SplitMemory) -> Sides:
            return assign(hashes, labels, shares, memory.sides)

        sides, memory = decide(SplitFile(bucket, dataset, settings.split), assigned, len(hashes))
        texts: dict[bytes, str] = {}  # of the combinations of labels, which are far fewer than rows
        while self._located:  # emptied on the way: twice a million rows would not fit
            row, found = self._located.pop()
            content = hashes.pop()
            self._planned.append(
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
                    settled=packed and content in memory.sides,
                )
            )
        self._planned.sort(key=lambda row: packing_rank(row.id, seed))

    def planned(self) -> Iterator[PlannedRow]:
        """Yield the rows in packing order."""
        return iter(self._planned)

    def to_fetch(self) -> Iterator[int]:
        """Yield how many bytes of each row's image are read from the source."""
        return map(to_fetch, self._planned)

    def copies(self) -> int:
        """Return how many rows have the bytes of another one's image."""
        return len(self._planned) - len({(row.etag, row.size) for row in self._planned})

    def look_up(self, bucket: Bucket, keys: RunKeys) -> int:
        """Return how many of the images the record files of a run hold."""
        wanted = {
            image_digest(row.bucket, row.key, row.etag): at for at, row in enumerate(self._planned)
        }
        found: dict[int, int] = {}
        rows_at: dict[int, int] = {}
        for indexed in read_records(bucket, keys.images, IndexedImage):
            at = wanted.get(indexed.image)
            if at is not None:
                found[at] = indexed.id
                rows_at[indexed.line] = at
        for reject in bucket.lines(keys.rejects, Reject):
            at = rows_at.get(reject.line)
            if at is not None:  # planned, but its image turned out to be of no use
                found.pop(at, None)
        self._records[keys.run] = found
        return len(found)

    def reuse(self, run: str) -> None:
        """Mark the rows whose image that run holds, which was looked up."""
        records = self._records[run]
        self._planned = [
            replace(row, reuse=records[at]) if at in records else row
            for at, row in enumerate(self._planned)
        ]

    def compare(self, before: Iterable[IndexedImage], index: Iterable[IndexedImage]) -> Compared:
        """Compare the images of an earlier run with the plan's own."""
        labels: Mapping[str, str | None] = {image.image: image.labels for image in index}
        shared = gone = relabelled = 0
        told = True
        for image in before:
            if image.image not in labels:
                gone += 1
                continue
            shared += 1
            told = told and image.labels is not None
            relabelled += image.labels != labels[image.image]
        return Compared(shared, gone, relabelled if told else None)
