"""The rows of a plan in tables on disk: a `tagline.planning.store.Store` without their number."""

from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from im2rec.plan.contents import Contents, unpacked
from im2rec.plan.locating import Locating
from im2rec.plan.reading import Scopes, leave_out, read
from im2rec.plan.rejects import StoredRejects
from im2rec.plan.remembered import Decided, Remembered, RememberedSplit
from im2rec.plan.sides import SIDES, UNKNOWN, assign_sides, assign_strata
from im2rec.plan.tables import Tables
from tagline.aws.partitions import read_records
from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.rows import IndexedImage, PlannedRow, Reject
from tagline.formats.settings import Settings
from tagline.formats.tasks import Task
from tagline.listing.sources import Source
from tagline.listing.survey import Survey
from tagline.planning.divide import decide
from tagline.planning.store import Compared

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_INDEXED = {"place": "UBIGINT", "image": "VARCHAR", "id": "UBIGINT", "line": "UBIGINT"}
_LABELLED = {"image": "VARCHAR", "labels": "VARCHAR"}


class Stored:
    """The rows of one list, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._tables = Tables(folder)
        self.rejects = StoredRejects(self._tables)
        self._scopes: Scopes = {}
        self._labels = 0
        self._seed = 0
        self._count = 0
        self._table = "parsed"
        self._records: dict[str, str] = {}
        self._reused: str | None = None

    def __len__(self) -> int:
        """Return the number of rows that do not stay out so far."""
        return self._count

    def close(self) -> None:
        """Let go of the files in the folder."""
        self._tables.close()

    def read(self, stream: BinaryIO, survey: Survey, source: Source, settings: Settings) -> int:
        """Take a list's rows in; return how many contradict one that counts."""
        self._tables.expect(survey.rows)
        self._labels, self._seed = survey.label_count, settings.split.seed
        self._scopes = read(self._tables, self.rejects, stream, survey, source)
        contradicting = leave_out(self._tables, self.rejects, settings.on_conflict)
        self._count = self._tables.number("SELECT count(*) FROM parsed")
        return contradicting

    def labels(self) -> Iterable[bytes]:
        """Yield the labels of the rows that do not stay out."""
        rows = self._tables.rows(f"SELECT labels FROM {self._table}")
        return (unpacked(labels, self._labels).encode() for (labels,) in rows)

    def locate(self, client: "S3Client", source: Source) -> None:
        """Find the rows' objects; raises InvalidSettings where the source cannot be listed."""
        Locating(
            self._tables,
            self.rejects,
            client=client,
            source=source,
            scopes=self._scopes,
            seed=self._seed,
        ).locate()
        self._table = "usable"
        self._count = self._tables.number("SELECT count(*) FROM usable")

    def divide(
        self, bucket: Bucket, dataset: DatasetKeys, settings: Settings, task: Task, *, packed: bool
    ) -> None:
        """Put the rows on sides and into packing order; raises UnusableList or SplitOvertaken."""
        rows = self._tables.rows("SELECT content, labels FROM usable ORDER BY content")
        contents = Contents.of(((content, labels) for content, labels in rows), self._labels)
        assign = assign_strata if task is Task.SINGLE else assign_sides
        file = RememberedSplit(bucket, dataset, settings.split, self._tables.folder)

        def assigned(memory: Remembered) -> Decided:
            earlier = memory.of(contents.hashes)
            sides = assign(contents, settings.split.shares, earlier, memory.tested)
            return Decided(contents.hashes, sides)

        decided, memory = decide(file, assigned, self._count)
        settled = (memory.of(contents.hashes) != UNKNOWN) & packed
        sides = {"content": "UBIGINT", "side": "UTINYINT", "settled": "UTINYINT"}
        self._tables.make("sides", sides)
        self._tables.put(
            "sides",
            {
                "content": contents.hashes,
                "side": decided.codes,
                "settled": settled.astype(np.uint8),
            },
        )
        self._tables.run(
            "CREATE TABLE planned AS SELECT line, id, path, bucket, key, etag, size, labels, side, "
            "settled, image FROM usable JOIN sides ON sides.content = usable.content "
            "ORDER BY rank, id"
        )
        self._tables.drop("usable", "sides")
        self._table = "planned"

    def planned(self) -> Iterator[PlannedRow]:
        """Yield the rows in packing order."""
        query = "SELECT line, id, path, bucket, key, etag, size, labels, side, settled FROM planned"
        for row, reuse in zip(self._tables.rows(query), self._reuses(), strict=False):
            line, number, path, bucket, key, etag, size, labels, side, settled = row
            yield PlannedRow(
                line=line,
                id=number,
                path=path,
                bucket=bucket,
                key=key,
                etag=etag,
                size=size,
                labels=unpacked(labels, self._labels),
                split=SIDES[side],
                settled=bool(settled),
                reuse=reuse,
            )

    def to_fetch(self) -> Iterator[int]:
        """Yield how many bytes of each row's image are read from the source."""
        sizes = self._tables.rows("SELECT size FROM planned")
        for (size,), reuse in zip(sizes, self._reuses(), strict=False):
            yield size if reuse is None else 0

    def _reuses(self) -> Iterator[int | None]:
        """Yield the earlier run's record that has a row's image, or None, for each row on end."""
        next_row = 0
        if self._reused:
            query = f"SELECT position, id FROM {self._records[self._reused]} ORDER BY position"
            for position, record in self._tables.rows(query):
                yield from repeat(None, position - next_row)
                yield record
                next_row = position + 1
        yield from repeat(None)

    def copies(self) -> int:
        """Return how many rows have the bytes of another one's image."""
        different = "SELECT etag, size FROM planned GROUP BY etag, size"
        return self._count - self._tables.number(f"SELECT count(*) FROM ({different})")

    def look_up(self, bucket: Bucket, keys: RunKeys) -> int:
        """Return how many of the images the record files of a run hold."""
        tables = self._tables
        indexed = enumerate(read_records(bucket, keys.images, IndexedImage))
        tables.fill(
            "indexed", _INDEXED, ((at, image.image, image.id, image.line) for at, image in indexed)
        )
        rejects = bucket.lines(keys.rejects, Reject)
        tables.fill("useless", {"line": "UBIGINT"}, ((reject.line,) for reject in rejects))
        records = f"records_{len(self._records)}"
        tables.run(
            f"CREATE TABLE {records} AS SELECT position, arg_max(indexed.id, place) AS id "
            "FROM (SELECT rowid AS position, image FROM planned) p "
            "JOIN indexed ON indexed.image = p.image "
            "LEFT JOIN (SELECT DISTINCT line FROM useless) u ON u.line = indexed.line "
            "GROUP BY position HAVING count(u.line) = 0"
        )
        tables.drop("indexed", "useless")
        self._records[keys.run] = records
        return tables.number(f"SELECT count(*) FROM {records}")

    def reuse(self, run: str) -> None:
        """Mark the rows whose image that run holds, which was looked up."""
        self._reused = run

    def compare(self, before: Iterable[IndexedImage], index: Iterable[IndexedImage]) -> Compared:
        """Compare the images of an earlier run with the plan's own."""
        tables = self._tables
        tables.fill("before", _LABELLED, ((it.image, it.labels or "") for it in before))
        tables.fill("own", _LABELLED, ((it.image, it.labels or "") for it in index))
        shared, gone, relabelled, untold = next(
            tables.rows(
                "SELECT count(own.image), count(*) - count(own.image), "
                "coalesce(sum((own.labels <> b.labels)::INT), 0), "
                "coalesce(sum((own.image IS NOT NULL AND b.labels = '')::INT), 0) "
                "FROM before b LEFT JOIN own ON own.image = b.image"
            )
        )
        tables.drop("before", "own")
        return Compared(int(shared), int(gone), None if untold else int(relabelled))
