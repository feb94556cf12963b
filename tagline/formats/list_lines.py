"""The lines of a list file, in bounded memory whatever the file holds."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, Protocol

from tagline.formats.reasons import UnusableList

MAX_LINE_BYTES = 1 << 20
MAX_LIST_BYTES = 96 << 30
"""Uncompressed. A list, and what a plan makes of it, lie on the 200 GiB of a container task."""
FUNCTION_LIST_BYTES = 2 << 30
"""Of a list that a function reads, from its own disk: 2,000,000 rows of 334 labels."""
_CHUNK = 1 << 18
GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line that is not blank: its number from 1, its bytes without what is blank at their end.

    A line longer than MAX_LINE_BYTES is cut there and marked `cut`.
    """

    number: int
    text: bytes
    cut: bool = False


class _Chunks(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_lines(stream: BinaryIO, most: int | None = None) -> Iterator[Line]:
    """Yield the lines of a seekable stream from its start, gzip undone, BOM removed.

    Blanks, tabs and CRs at a line's end belong to no column and are removed. Blank lines are
    counted but not yielded. Raises UnusableList for damaged gzip and for a list above
    `most` bytes, which are MAX_LIST_BYTES unless told.
    """
    number = 0
    pending = b""
    overlong = False
    for chunk in _chunks(stream, MAX_LIST_BYTES if most is None else most):
        lines = (pending + chunk).split(b"\n")
        pending = lines.pop()
        for line in lines:
            number += 1
            if overlong or len(line) > MAX_LINE_BYTES:
                overlong = False
                yield Line(number, line[:MAX_LINE_BYTES], cut=True)
            elif text := line.rstrip():
                yield Line(number, text)
        if len(pending) > MAX_LINE_BYTES:
            pending = pending[:MAX_LINE_BYTES]
            overlong = True
    if overlong:
        yield Line(number + 1, pending, cut=True)
    elif text := pending.rstrip():
        yield Line(number + 1, text)


def read_start(stream: BinaryIO, size: int) -> bytes:
    """Return the list's first `size` bytes, gzip undone, BOM removed."""
    start = b""
    for chunk in _chunks(stream):
        start += chunk
        if len(start) >= size:
            break
    return start[:size]


def _chunks(stream: BinaryIO, most: int = MAX_LIST_BYTES) -> Iterator[bytes]:
    stream.seek(0)
    magic = stream.read(len(GZIP))
    stream.seek(0)
    source = _Gunzip(stream) if magic == GZIP else stream
    chunk = b""
    while len(chunk) <= len(_BOM) and (more := source.read(_CHUNK)):
        chunk += more
    chunk = chunk.removeprefix(_BOM)
    total = 0
    while chunk:
        total += len(chunk)
        if total > most:
            raise UnusableList(f"the list is larger than {most >> 30} GiB; split it into several")
        yield chunk
        chunk = source.read(_CHUNK)


class _Gunzip:
    """Undoes gzip at most `size` bytes at a time: a bomb costs no more memory than a list."""

    def __init__(self, stream: _Chunks) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._packed = b""
        self._started = False

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; empty at the end of the last member."""
        try:
            return self._read(size)
        except zlib.error as exc:
            raise UnusableList("the file is gzip data that is damaged; upload it again") from exc

    def _read(self, size: int) -> bytes:
        while True:
            if self._inflate.eof:  # gzip files may be joined: another member may follow
                self._packed = self._inflate.unused_data + self._packed
                self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
                self._started = False
            if not self._packed:
                self._packed = self._stream.read(_CHUNK)
                if not self._packed:
                    if self._started:
                        raise UnusableList("the file is gzip data that ends early; upload it again")
                    return b""
            if not self._started:
                self._packed = self._packed.lstrip(b"\0")  # padding after the last member
                if not self._packed:
                    continue
            self._started = True
            plain = self._inflate.decompress(self._packed, size)
            self._packed = self._inflate.unconsumed_tail
            if plain:
                return plain
