"""The record files of a channel, read as the one file that they would be end to end.

Records hold JPEGs that the packing container encoded itself; no image from outside is read.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tagline.formats.recordio import RecordError, read_records, split_record
from trainer.contract import JobRefused
from trainer.engine import Images, Labels
from trainer.pixels import Undecodable, decode, resize

_MOST_OPEN = 64  # files at a time
_READ = 1 << 20  # bytes


class RecordFiles:
    """Record files, one after the other; a record is known by its offset in all of them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._starts = list(accumulate((path.stat().st_size for path in paths), initial=0))
        self._open: dict[int, BinaryIO] = {}

    @property
    def name(self) -> str:
        """What messages call them."""
        if len(self.paths) == 1:
            return self.paths[0].name
        return f"{self.paths[0].name} to {self.paths[-1].name}"

    @property
    def size(self) -> int:
        """Bytes of all."""
        return self._starts[-1]

    def name_at(self, offset: int) -> str:
        """Return the name of the file that an offset lies in."""
        return self.paths[self._file(offset)].name

    def scan(self, order: Sequence[int] | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield offset and payload of each record, file by file, in an order of the files.

        Raises JobRefused naming the file that is damaged.
        """
        for number in range(len(self.paths)) if order is None else order:
            start = self._starts[number]
            with self.paths[number].open("rb", buffering=_READ) as stream:
                offset = 0
                try:
                    for payload in read_records(stream):
                        yield start + offset, payload
                        offset = stream.tell()
                except RecordError as exc:
                    raise JobRefused(f"{self.paths[number].name}: {exc}") from exc

    def read(self, offset: int) -> bytes:
        """Return the payload of the record at an offset."""
        number = self._file(offset)
        stream = self._open.get(number)
        if stream is None:
            if len(self._open) == _MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
            stream = self._open[number] = self.paths[number].open("rb")
        stream.seek(offset - self._starts[number])
        return next(read_records(stream))

    def _file(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1


def record_files(found: Path | Sequence[Path]) -> RecordFiles:
    """Return the files of a channel that is one file, or several."""
    return RecordFiles([found] if isinstance(found, Path) else found)


@dataclass(frozen=True)
class Reading:
    """How records are read: so many labels each, images of `packed` pixels that come at `side`."""

    labels: int
    side: int
    packed: int

    def row(self, payload: bytes, file: str) -> tuple[int, Labels, bytes]:
        """Return a record's id, its labels (L,) and its JPEG; raises JobRefused."""
        try:
            identifier, packed, image = split_record(payload)
        except RecordError as exc:
            raise JobRefused(f"{file}: {exc}") from exc
        values = np.frombuffer(packed, "<f4")
        if len(values) != self.labels:
            raise JobRefused(
                f"{file}: record {identifier} has {len(values)} labels, "
                f"but {self.labels} are expected (num_classes)"
            )
        if not ((values == 0) | (values == 1)).all():
            raise JobRefused(f"{file}: record {identifier} has a label that is not 0 or 1")
        return identifier, values.astype(np.uint8), image

    def pixels(self, identifier: int, image: bytes, file: str) -> Images:
        """Return a JPEG as (S, S, 3) uint8 RGB; raises JobRefused for one of another size."""
        try:
            found = decode(image)
        except Undecodable as exc:
            raise JobRefused(f"{file}: the image of record {identifier} cannot be decoded") from exc
        if found.shape != (self.packed, self.packed, 3):
            height, width = found.shape[:2]
            raise JobRefused(
                f"{file}: record {identifier} is {width}x{height} pixels, "
                f"but dataset.json says {self.packed}x{self.packed}"
            )
        return found if self.side == self.packed else resize(found, self.side)


def blank(count: int, side: int) -> Images:
    """Return room for images, (count, side, side, 3)."""
    room: NDArray[np.uint8] = np.empty((count, side, side, 3), np.uint8)
    return room
