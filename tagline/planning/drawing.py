"""The channels of a run of ratings, on disk until it is known that they are needed."""

import hashlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Self

from tagline.aws.s3 import CSV, GZIP, Bucket
from tagline.formats.packed import BySide, Digests
from tagline.formats.ratings import RatingsDataset
from tagline.formats.ratings_keys import RatingsRunKeys
from tagline.formats.reasons import Reason
from tagline.formats.rows import Rejected, Side
from tagline.ratings.channels import Written
from tagline.ratings.sides import Divided
from tagline.ratings.table import Table

_WRITERS = 8


class Drawn:
    """The channels of a run, written to disk; uploaded once it is known that they are needed."""

    def __init__(self, table: Table, divided: Divided, titles: dict[str, str], run: str) -> None:
        self._divided, self._titles, self._run = divided, titles, run
        self._keys = RatingsRunKeys(run)
        self._table = table
        self._files = {side: tempfile.TemporaryFile() for side in Side}  # noqa: SIM115 - __exit__
        self.written = Written(table, divided)
        self.content = {side: self.written.write_side(side, to) for side, to in self._files.items()}
        self._items = self.written.items_file(titles)
        self.items_sha256 = hashlib.sha256(self._items).hexdigest()
        self._sha256 = {side: _sha256(file) for side, file in self._files.items()}
        self._sizes = {side: file.seek(0, os.SEEK_END) for side, file in self._files.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def leave(self, bucket: Bucket) -> None:
        """Upload the sides, the items and the histories; once, as an upload closes its file."""
        for side, file in self._files.items():
            file.seek(0)
            bucket.upload(file, self._keys.ratings(side), GZIP)
        bucket.put(self._keys.items, self._items, CSV)
        with ThreadPoolExecutor(_WRITERS) as pool:
            for done in [
                pool.submit(bucket.put, self._keys.histories(number), body, GZIP)
                for number, body in self.written.histories()
            ]:
                done.result()

    def dataset(
        self, mark: str, rows: int, rejected: int, reasons: dict[Reason, Rejected]
    ) -> RatingsDataset:
        """Return dataset.json."""
        divided, order = self._divided, self._divided.order
        times = [self._table.time[order[0]], self._table.time[order[-1]]]
        return RatingsDataset(
            run=self._run,
            fingerprint=mark,
            rows=rows,
            accepted=len(order),
            rejected=rejected,
            train=divided.train,
            validation=divided.validation,
            test=divided.test,
            users=self.written.users,
            items=len(self.written.items),
            titles=self.written.titled(self._titles),
            by_time=divided.by_time,
            first=times[0] if divided.by_time else None,
            last=times[1] if divided.by_time else None,
            partitions=self.written.partitions,
            sha256=Digests(**{side.value: digest for side, digest in self._sha256.items()}),
            bytes=BySide(**{side.value: size for side, size in self._sizes.items()}),
            reasons=reasons,
        )


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
