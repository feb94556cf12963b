"""The record files of a run, written as records come, with what is known about them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

import numpy as np

from tagline.aws.s3 import RECORDIO, Bucket
from tagline.formats.keys import RunKeys, record_name
from tagline.formats.packed import CHANNELS, PackedFile, PackedFiles, RecordFile, RecordFiles
from tagline.formats.plan import Plan
from tagline.formats.recordio import frame, read_records
from tagline.formats.rows import Side


def longest_file(plan: Plan) -> int:
    """Return how many bytes a record file of a run may have."""
    return plan.settings.records.file_mib << 20


class Files(NamedTuple):
    """What is known of the records of all sides together, and of the files of a long side."""

    together: RecordFiles
    several: PackedFiles


class Channel:
    """The records of a side under way: in files of at most `longest` bytes, unless one is longer.

    A file begins where the next record would make the one before it longer. `sha256` and sizes are
    known of each, and of all together.
    """

    def __init__(self, folder: Path, side: Side, labels: int, longest: int | None = None) -> None:
        self._folder = folder
        self._side = side
        self._channel = CHANNELS[side]
        self._longest = longest
        self._positives = np.zeros(labels, np.int64)
        self._whole = hashlib.sha256()
        self._files = [_File(self._path(0), self._whole)]

    def add(self, payload: bytes, labels: str) -> None:
        """Append one record; `labels` are its labels as text of 0 and 1."""
        framed = frame(payload)
        last = self._files[-1]
        if self._longest and last.images and last.bytes + len(framed) > self._longest:
            last.close()
            if len(self._files) == 1:
                self._whole = last.hash.copy()
            last = _File(self._path(len(self._files)), hashlib.sha256())
            self._files.append(last)
        last.add(framed)
        if len(self._files) > 1:
            self._whole.update(framed)
        self._positives += np.frombuffer(labels.encode(), np.uint8) == ord("1")

    @property
    def together(self) -> RecordFile:
        """What is known of all files, one after the other."""
        return RecordFile(
            images=sum(file.images for file in self._files),
            bytes=sum(file.bytes for file in self._files),
            sha256=self._whole.hexdigest(),
            positives=tuple(self._positives.tolist()),
        )

    @property
    def several(self) -> tuple[PackedFile, ...]:
        """What is known of each file; none where there is only one."""
        if len(self._files) == 1:
            return ()
        return tuple(
            PackedFile(
                name=record_name(self._channel, number),
                images=file.images,
                bytes=file.bytes,
                sha256=file.hash.hexdigest(),
            )
            for number, file in enumerate(self._files)
        )

    @property
    def paths(self) -> list[Path]:
        """Where the files are, in order."""
        return [file.path for file in self._files]

    def records(self) -> Iterator[bytes]:
        """Yield the payloads of the closed files' records; each is removed once it is read."""
        for file in self._files:
            with file.path.open("rb") as stream:
                yield from read_records(stream)
            file.path.unlink()

    def upload(self, bucket: Bucket, keys: RunKeys) -> None:
        """Write the closed files to where the run's records lie."""
        for number, file in enumerate(self._files):
            key = keys.packed(self._channel, number if len(self._files) > 1 else None)
            _upload(bucket, file.path, key)

    def upload_as(self, bucket: Bucket, key: str, tags: str) -> None:
        """Write the only file, closed, to an object; `tags` are a URL query."""
        (file,) = self._files
        _upload(bucket, file.path, key, tags)

    def close(self) -> None:
        """Finish the last file; all can be uploaded after this."""
        self._files[-1].close()

    def _path(self, number: int) -> Path:
        return self._folder / (f"{self._side}-{number}.rec" if number else f"{self._side}.rec")


class _File:
    """A file under way."""

    def __init__(self, path: Path, digest: "hashlib._Hash") -> None:
        self.path = path
        self.images = self.bytes = 0
        self.hash = digest
        self._stream: BinaryIO = path.open("xb")

    def add(self, framed: bytes) -> None:
        self._stream.write(framed)
        self.hash.update(framed)
        self.images += 1
        self.bytes += len(framed)

    def close(self) -> None:
        self._stream.close()


def _upload(bucket: Bucket, path: Path, key: str, tags: str | None = None) -> None:
    with path.open("rb") as stream:
        bucket.upload(stream, key, RECORDIO, tags=tags)


class Channels:
    """The channels of a run by side of the split; a context manager that closes their files.

    `longest` is how many bytes a record file may have, any number for None.
    """

    def __init__(self, folder: Path, labels: int, longest: int | None = None) -> None:
        self._channels = {side: Channel(folder, side, labels, longest) for side in Side}

    def __getitem__(self, side: Side) -> Channel:
        return self._channels[side]

    @property
    def files(self) -> Files:
        """What is known of the sides' records so far."""
        channels = self._channels.items()
        return Files(
            RecordFiles(**{side: channel.together for side, channel in channels}),
            PackedFiles(**{side: channel.several for side, channel in channels}),
        )

    def upload(self, bucket: Bucket, keys: RunKeys) -> None:
        """Write all closed files to where the run's records lie."""
        for channel in self._channels.values():
            channel.upload(bucket, keys)

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
