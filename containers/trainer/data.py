"""A packed channel in memory: labels, and images by index, decoded once where they fit."""

import math
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.contract import JobRefused
from trainer.engine import Images, Labels
from trainer.labels import LabelCounts
from trainer.records import Reading, blank, record_files

_SHARE_OF_MEMORY, _LARGEST_CACHE = 0.25, 8 << 30


class RecordSet:
    """The images of a channel's record files, in their order.

    Labels are held as uint8 (n, L), the records' ids as uint64 (n,): with its offset a record takes
    16 bytes and one a label. `different` counts the images, equal ones once; `digest` tells the
    records, in their order, from others, however many files they are in. Decoded images are kept
    when all of them fit into a quarter of the memory (8 GiB at most); otherwise each batch is read
    from the files and decoded again.
    """

    def __init__(
        self,
        files: Path | Sequence[Path],
        *,
        labels: int,
        side: int,
        packed: int | None = None,
        cache_bytes: int | None = None,
    ) -> None:
        """Read and check the files: label count and values, image shape, at least one record.

        Images come at `side` pixels, scaled down where they are packed at more.
        """
        self.side = side
        self._files, self._reading = record_files(files), Reading(labels, side, packed or side)
        self.name = self._files.name
        # grown in place: a list of numbers would take ten times as much, and arrays a copy
        offsets, ids, rows, images = array("q"), array("Q"), bytearray(), array("q")
        content = blake2b(digest_size=16)
        for offset, payload in self._files.scan():
            content.update(payload)
            file = self._files.name_at(offset)
            identifier, marks, image = self._reading.row(payload, file)
            offsets.append(offset)
            ids.append(identifier)
            rows += marks.data
            images.append(_hash(image))
            if len(offsets) == 1:  # the wrong size should be said before minutes of reading
                self._reading.pixels(identifier, image, file)
        if not offsets:
            raise JobRefused(f"{self.name} holds no records")
        self.labels: Labels = np.frombuffer(rows, np.uint8).reshape(len(offsets), labels)
        self.ids: NDArray[np.uint64] = np.frombuffer(ids, np.uint64)
        self.counts = LabelCounts.of(self.labels)
        self.digest = content.hexdigest()
        self.different = _different(images)
        del images
        self._offsets = offsets
        room = memory_for_images() if cache_bytes is None else cache_bytes
        fits = len(offsets) * side * side * 3 <= room
        self._cache = self._decode(np.arange(len(offsets))) if fits else None

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
        return self._decode(indexes)

    def jpeg(self, index: int) -> bytes:
        """Return one image's bytes as they were packed."""
        return self._row(index)[1]

    def batches(self, size: int) -> Iterator[Images]:
        """Yield all images in their order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self.images(np.arange(start, min(start + size, len(self))))

    def first(self, count: int) -> tuple[Images, Labels]:
        """Return the first images and their labels."""
        return self.images(np.arange(count)), self.labels[:count]

    def _row(self, index: int) -> tuple[int, bytes, str]:
        offset = self._offsets[index]
        file = self._files.name_at(offset)
        identifier, _, image = self._reading.row(self._files.read(offset), file)
        return identifier, image, file

    def _decode(self, indexes: NDArray[np.int64]) -> Images:
        images = blank(len(indexes), self.side)
        for position, index in enumerate(indexes):
            images[position] = self._reading.pixels(*self._row(int(index)))
        return images


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


def machine_memory() -> int:
    """Return the bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def memory_for_images() -> int:
    """Return how many bytes of decoded images may be kept."""
    return min(math.floor(machine_memory() * _SHARE_OF_MEMORY), _LARGEST_CACHE)


def _hash(image: bytes) -> int:
    return int.from_bytes(blake2b(image, digest_size=8).digest(), "little", signed=True)


def _different(hashes: "array[int]") -> int:
    """Return how many of the hashes are different ones; they are sorted where they lie."""
    values = np.frombuffer(hashes, np.int64)
    values.sort()
    return 1 + int(np.count_nonzero(values[1:] != values[:-1]))
