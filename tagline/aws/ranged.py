"""An object of S3 as a file to read here and there, without having it all."""

import io
from typing import TYPE_CHECKING

from tagline.aws.s3 import Bucket

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK = 1 << 20  # bytes that a request asks for at least


class _Ranged(io.RawIOBase):
    def __init__(self, bucket: Bucket, key: str, size: int) -> None:
        self._bucket, self._key, self._size, self._at = bucket, key, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if begin + offset < 0:
            raise ValueError("the file begins later")
        self._at = begin + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        end = min(self._at + len(view), self._size)
        if self._at >= end:
            return 0
        data = self._bucket.range(self._key, self._at, end)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def open_ranged(bucket: Bucket, key: str, size: int) -> io.BufferedReader:
    """Open an object of so many bytes, which is asked for a MiB at a time, where it is read.

    What S3 refuses leaves the reading methods as botocore's error.
    """
    return io.BufferedReader(_Ranged(bucket, key, size), _BLOCK)
