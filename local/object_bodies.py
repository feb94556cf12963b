"""Bytes of S3 objects that lie in files: passed on, cut, hashed and joined without being held.

ministack handles every body as `bytes`. Above SMALL it is given these instead, which answer what
it asks of a body (its length, a slice, its digests); who wants the bytes reads them piece by piece.
"""

import base64
import contextvars
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import Any, Protocol

from local import patching

SMALL = 1 << 20  # bytes; up to here a body is held in memory
_PIECE = 256 << 10
_S3 = "ministack.services.s3"
_HASHES = {"SHA256": hashlib.sha256, "SHA1": hashlib.sha1}
# whether bodies may be of this kind: while ministack carries out a request, and at no other time
may_stay: contextvars.ContextVar[bool] = contextvars.ContextVar("may_stay", default=False)


class Stored(Protocol):
    """What can become the file of an object."""

    def __len__(self) -> int:
        """Return the number of bytes."""

    def place(self, file: Path) -> None:
        """Make these bytes the content of a new file; raises OSError."""


class FileBody:
    """Part of a file that is replaced or removed, but never written into."""

    def __init__(self, file: Path, start: int = 0, size: int | None = None) -> None:
        self._file = file
        self._start = start
        self._size = file.stat().st_size - start if size is None else size
        self._stream: FileIO | None = None

    def opened(self) -> "FileBody":
        """Keep these bytes readable even where the file is replaced; raises OSError."""
        self._stream = self._stream or self._file.open("rb", buffering=0)
        return self

    def __len__(self) -> int:
        """Return the number of bytes."""
        return self._size

    def __getitem__(self, cut: slice) -> "FileBody":
        """Return part of them."""
        start, stop, _ = cut.indices(self._size)
        part = FileBody(self._file, self._start + start, max(0, stop - start))
        part._stream = self._stream
        return part

    def __iter__(self) -> Iterator[int]:
        """Yield the bytes one by one, for checksums that nobody has compiled."""
        for piece in self.pieces():
            yield from piece

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes in order; raises OSError, also where the file is too short."""
        stream = self._stream or self._file.open("rb", buffering=0)
        at, end = self._start, self._start + self._size
        while at < end:
            piece = os.pread(stream.fileno(), min(_PIECE, end - at), at)
            if not piece:
                raise OSError(f"{self._file} is shorter than it was")
            at += len(piece)
            yield piece

    def whole(self) -> bytes:
        """Return all of the bytes."""
        return b"".join(self.pieces())

    @cached_property
    def md5(self) -> str:
        """Their MD5, in hexadecimal digits."""
        seen = hashlib.md5(usedforsecurity=False)
        for piece in self.pieces():
            seen.update(piece)
        return seen.hexdigest()

    def place(self, file: Path) -> None:
        """Make these bytes the content of a new file; raises OSError."""
        if self._start == 0 and self._size == self._file.stat().st_size:
            file.unlink(missing_ok=True)
            os.link(self._file, file)
        else:
            Joined([self]).place(file)

    def kept_at(self, file: Path) -> "FileBody":
        """Return the same bytes under a name of one's own, whatever becomes of the present one."""
        os.link(self._file, file)
        kept = FileBody(file, self._start, self._size)
        if "md5" in vars(self):
            kept.md5 = self.md5
        return kept

    def let_go(self) -> None:
        """Remove the file."""
        self._file.unlink(missing_ok=True)

    def append_to(self, target: FileIO) -> None:
        """Write the bytes behind what a file has, by the system itself where it can."""
        with self._file.open("rb", buffering=0) as source:
            at, end = self._start, self._start + self._size
            while at < end and (done := _copied(source, target, end - at, at)):
                at += done
        for piece in self[at - self._start :].pieces():
            left = memoryview(piece)
            while left:
                left = left[target.write(left) :]


class Joined:
    """The bytes of several files, one after the other."""

    def __init__(self, parts: Sequence[FileBody]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        """Return the number of bytes."""
        return sum(map(len, self._parts))

    def place(self, file: Path) -> None:
        """Make these bytes the content of a new file; raises OSError."""
        with open(file, "wb", buffering=0, opener=for_the_owner) as target:
            for part in self._parts:
                part.append_to(target)


def for_the_owner(path: str, flags: int) -> int:
    """Open a file that nobody else may read; an opener for `open`."""
    return os.open(path, flags, 0o600)


def _copied(source: FileIO, target: FileIO, size: int, at: int) -> int:
    """Copy bytes within the system; return how many, 0 where it cannot."""
    if not hasattr(os, "copy_file_range"):  # macOS
        return 0
    try:
        return os.copy_file_range(source.fileno(), target.fileno(), size, offset_src=at)
    except OSError:  # not between these file systems; a full disk fails once more, by its name
        return 0


def install() -> None:
    """Let ministack take the digests of such bodies."""
    md5 = patching.function(_S3, "md5_hash", "data")
    checksum = patching.function(_S3, "_compute_s3_checksum", "algorithm", "body")
    validate = patching.function(_S3, "_validate_content_md5", "headers", "body")

    def md5_of(data: Any) -> str:
        return data.md5 if isinstance(data, FileBody) else md5(data)

    def checksum_of(algorithm: str, body: Any) -> str | None:
        name = (algorithm or "").upper().replace("_", "")
        if not isinstance(body, FileBody) or name not in {*_HASHES, "CRC32"}:
            return checksum(algorithm, body)  # type: ignore[no-any-return]
        return base64.b64encode(_digest(name, body)).decode()

    def validated(headers: dict[str, str], body: Any) -> Any:
        if not isinstance(body, FileBody) or not headers.get("content-md5"):
            return validate(headers, body)
        right = base64.b64encode(bytes.fromhex(body.md5)).decode()
        if headers["content-md5"] == right:
            return None
        return validate(headers, bytes.fromhex(body.md5))  # other bytes: ministack's own words

    patching.replace(_S3, "md5_hash", md5_of, "data")
    patching.replace(_S3, "_compute_s3_checksum", checksum_of, "algorithm", "body")
    patching.replace(_S3, "_validate_content_md5", validated, "headers", "body")


def _digest(name: str, body: FileBody) -> bytes:
    if name == "CRC32":
        crc = 0
        for piece in body.pieces():
            crc = zlib.crc32(piece, crc)
        return crc.to_bytes(4)
    seen = _HASHES[name]()
    for piece in body.pieces():
        seen.update(piece)
    return seen.digest()
