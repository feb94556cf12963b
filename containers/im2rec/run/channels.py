"""The two files that training reads, written as records come, with what is known about them."""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from tagline.aws.s3 import RECORDIO, Bucket
from tagline.formats.packed import RecordFile, RecordFiles
from tagline.formats.recordio import frame
from tagline.formats.rows import Side


class Channel:
    """One record file under way: its bytes so far, their SHA-256, and its labels' counts."""

    def __init__(self, path: Path, labels: int) -> None:
        self.path = path
        self._images = 0
        self._bytes = 0
        self._positives = np.zeros(labels, np.int64)
        self._hash = hashlib.sha256()
        self._stream = path.open("xb")

    def add(self, payload: bytes, labels: str) -> None:
        """Append one record; `labels` are its labels as text of 0 and 1."""
        framed = frame(payload)
        self._stream.write(framed)
        self._hash.update(framed)
        self._images += 1
        self._bytes += len(framed)
        self._positives += np.frombuffer(labels.encode(), np.uint8) == ord("1")

    @property
    def file(self) -> RecordFile:
        """What is known of the file so far."""
        return RecordFile(
            images=self._images,
            bytes=self._bytes,
            sha256=self._hash.hexdigest(),
            positives=tuple(self._positives.tolist()),
        )

    def upload(self, bucket: Bucket, key: str, tags: str | None = None) -> None:
        """Write the closed file to an object; `tags` are a URL query."""
        with self.path.open("rb") as stream:
            bucket.upload(stream, key, RECORDIO, tags=tags)

    def close(self) -> None:
        """Finish the file; it can be uploaded after this."""
        self._stream.close()


class Channels:
    """The channels of a run by side of the split; a context manager that closes their files."""

    def __init__(self, folder: Path, labels: int) -> None:
        self._channels = {side: Channel(folder / f"{side}.rec", labels) for side in Side}

    def __getitem__(self, side: Side) -> Channel:
        return self._channels[side]

    @property
    def files(self) -> RecordFiles:
        """What is known of the files so far."""
        return RecordFiles(**{side: channel.file for side, channel in self._channels.items()})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for channel in self._channels.values():
            channel.close()
