"""A packed channel as a Gluon dataset, and what it is made of: what a script in a run is handed."""

import io
import mmap
import os
from array import array
from bisect import bisect_right
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from tagline.formats.document import decode
from tagline.formats.packed import PackedDataset
from tagline.formats.recordio import ImageRecord, read_records, unpack_record


def packed_dataset(folder: str | None = None) -> PackedDataset:
    """Return what channel `dataset` says: run, labels in their order, image size, counts.

    `folder` is SM_CHANNEL_DATASET unless it is given. Raises UnreadableDocument.
    """
    path = Path(folder or os.environ["SM_CHANNEL_DATASET"], "dataset.json")
    return decode(path.read_bytes(), PackedDataset, str(path))


class Records(gluon.data.Dataset):  # type: ignore[misc]
    """The images of a channel, each (image, labels); read when they are asked for.

    Of several record files they come in the order of the files' names.

    An image is an NDArray (S, S, 3) of uint8 RGB, its labels float32 (L,) of 0 and 1.
    """

    def __init__(self, folder: str) -> None:
        """`folder` is SM_CHANNEL_TRAIN or SM_CHANNEL_VALIDATION; raises RecordError, ValueError."""
        paths = sorted(Path(folder).glob("*.rec"))
        if not paths:
            raise ValueError(f"{folder} has no record files")
        self._files: list[mmap.mmap] = []
        self._begins = array("q")  # of each record, in its file
        self._firsts = [0]  # the first record of each file, and how many there are
        for path in paths:
            with path.open("rb") as file:
                begin = 0
                for _ in read_records(file):
                    self._begins.append(begin)
                    begin = file.tell()
                self._files.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            self._firsts.append(len(self._begins))

    def __len__(self) -> int:
        return len(self._begins)

    def __getitem__(self, index: int) -> tuple[Any, NDArray[np.float32]]:
        record = self._record(index)
        return mx.image.imdecode(record.image), np.asarray(record.labels, np.float32)

    @property
    def labels(self) -> NDArray[np.float32]:
        """The labels of all images, (n, L)."""
        return np.asarray([self._record(index).labels for index in range(len(self))], np.float32)

    def _record(self, index: int) -> ImageRecord:
        if not 0 <= index < len(self):
            raise IndexError(f"{index} of {len(self)} records")
        number = bisect_right(self._firsts, index) - 1
        last = index + 1 == self._firsts[number + 1]
        end = None if last else self._begins[index + 1]
        framed = self._files[number][self._begins[index] : end]
        return unpack_record(next(read_records(io.BytesIO(framed))))
