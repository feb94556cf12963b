"""A packed channel in memory: labels, and images by index, decoded once where they fit.

The records hold JPEGs that the packing container encoded itself; no image from outside is read.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tagline.formats.recordio import ImageRecord, RecordError, read_records, unpack_record
from trainer.contract import JobRefused
from trainer.engine import Images, Labels
from trainer.pixels import Undecodable, decode, resize

_SHARE_OF_MEMORY, _LARGEST_CACHE = 0.25, 8 << 30


class RecordSet:
    """The images of one .rec file.

    Labels are held as uint8 (n, L), the records' ids as int64 (n,); `different` counts the images,
    equal ones once; `digest` tells the records, in their order, from others. Decoded images are
    kept when all of them fit into a quarter of the memory (8 GiB at most); otherwise each batch is
    read from the file and decoded again.
    """

    def __init__(
        self,
        path: Path,
        *,
        labels: int,
        side: int,
        packed: int | None = None,
        cache_bytes: int | None = None,
    ) -> None:
        """Read and check the file: label count and values, image shape, at least one record.

        Images come at `side` pixels, scaled down where they are packed at more.
        """
        self.path, self.side, self._packed = path, side, packed or side
        self._stream: BinaryIO = path.open("rb")
        offsets: list[int] = []
        rows: list[Labels] = []
        ids: list[int] = []
        different: set[bytes] = set()
        content = blake2b(digest_size=16)
        for offset, record in self._scan(content.update):
            rows.append(_multi_hot(record, labels, path.name))
            ids.append(record.identifier)
            offsets.append(offset)
            different.add(blake2b(record.image, digest_size=16).digest())
            if len(offsets) == 1:
                self._decode(record)  # the wrong size should be said before minutes of reading
        if not offsets:
            raise JobRefused(f"{path.name} holds no records")
        self.labels: Labels = np.stack(rows)
        self.ids = np.array(ids, np.int64)
        self.different = len(different)
        self.digest = content.hexdigest()
        self._offsets = offsets
        room = memory_for_images() if cache_bytes is None else cache_bytes
        fits = len(offsets) * side * side * 3 <= room
        self._cache = self._decode_all(range(len(offsets))) if fits else None

    def __len__(self) -> int:
        return len(self._offsets)

    @property
    def cached(self) -> bool:
        """Whether all images are held decoded."""
        return self._cache is not None

    def images(self, indexes: NDArray[np.int64]) -> Images:
        """Return the images of these indexes, (len(indexes), S, S, 3) uint8 RGB."""
        if self._cache is not None:
            return np.asarray(self._cache[indexes])
        return self._decode_all(indexes)

    def jpeg(self, index: int) -> bytes:
        """Return one image's bytes as they were packed."""
        return self._record(index).image

    def batches(self, size: int) -> Iterator[Images]:
        """Yield all images in file order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self.images(np.arange(start, min(start + size, len(self))))

    def _scan(self, see: Callable[[bytes], None]) -> Iterator[tuple[int, ImageRecord]]:
        offset = 0
        try:
            for payload in read_records(self._stream):
                see(payload)
                yield offset, unpack_record(payload)
                offset = self._stream.tell()
        except RecordError as exc:
            raise JobRefused(f"{self.path.name}: {exc}") from exc

    def _record(self, index: int) -> ImageRecord:
        self._stream.seek(self._offsets[index])
        return unpack_record(next(read_records(self._stream)))

    def _decode_all(self, indexes: Iterable[int]) -> Images:
        chosen = list(indexes)
        images = np.empty((len(chosen), self.side, self.side, 3), np.uint8)
        for position, index in enumerate(chosen):
            images[position] = self._decode(self._record(int(index)))
        return images

    def _decode(self, record: ImageRecord) -> Images:
        try:
            image = decode(record.image)
        except Undecodable as exc:
            raise JobRefused(
                f"{self.path.name}: the image of record {record.identifier} cannot be decoded"
            ) from exc
        if image.shape != (self._packed, self._packed, 3):
            height, width = image.shape[:2]
            raise JobRefused(
                f"{self.path.name}: record {record.identifier} is {width}x{height} pixels, "
                f"but dataset.json says {self._packed}x{self._packed}"
            )
        return image if self.side == self._packed else resize(image, self.side)


def check_single(files: Mapping[str, RecordSet]) -> None:
    """Raise JobRefused for a record that has not exactly one label; sets by their files' names."""
    for name, records in files.items():
        counts = records.labels.sum(axis=1, dtype=np.int64)
        wrong = np.flatnonzero(counts != 1)
        if len(wrong):
            raise JobRefused(
                f"{name}: record {int(records.ids[wrong[0]])} has {int(counts[wrong[0]])} labels, "
                f"but task is single: each image has exactly one ({len(wrong):,} have not)"
            )


def memory_for_images() -> int:
    """Return how many bytes of decoded images may be kept."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(math.floor(memory * _SHARE_OF_MEMORY), _LARGEST_CACHE)


def _multi_hot(record: ImageRecord, labels: int, file: str) -> Labels:
    if len(record.labels) != labels:
        raise JobRefused(
            f"{file}: record {record.identifier} has {len(record.labels)} labels, "
            f"but {labels} are expected (num_classes)"
        )
    values = np.asarray(record.labels, np.float32)
    if not ((values == 0) | (values == 1)).all():
        raise JobRefused(f"{file}: record {record.identifier} has a label that is not 0 or 1")
    return values.astype(np.uint8)
