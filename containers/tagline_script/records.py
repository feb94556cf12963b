"""A packed channel as a Gluon dataset, and what it is made of: what a script in a run is handed."""

import io
import mmap
import os
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

    An image is an NDArray (S, S, 3) of uint8 RGB, its labels float32 (L,) of 0 and 1.
    """

    def __init__(self, folder: str) -> None:
        """`folder` is SM_CHANNEL_TRAIN or SM_CHANNEL_VALIDATION; raises RecordError, ValueError."""
        files = sorted(Path(folder).glob("*.rec"))
        if len(files) != 1:
            raise ValueError(f"{folder} has {len(files)} record files; one is expected")
        with files[0].open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._ends = [0, *(file.tell() for _ in read_records(file))]

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> tuple[Any, NDArray[np.float32]]:
        record = self._record(index)
        return mx.image.imdecode(record.image), np.asarray(record.labels, np.float32)

    @property
    def labels(self) -> NDArray[np.float32]:
        """The labels of all images, (n, L)."""
        return np.asarray([self._record(index).labels for index in range(len(self))], np.float32)

    def _record(self, index: int) -> ImageRecord:
        framed = self._bytes[self._ends[index] : self._ends[index + 1]]
        return unpack_record(next(read_records(io.BytesIO(framed))))
