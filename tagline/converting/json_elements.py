"""The objects in a JSON file's arrays one by one, in bounded memory whatever the file's size."""

import mmap
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from tagline.converting.entries import Unconvertible

TOP = ""  # the array that is the file itself
MAX_ELEMENT_BYTES = 64 << 20
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{}]', re.DOTALL)
_BETWEEN = re.compile(rb"\s*,?\s*")
_CLOSING = {b"[": b"]", b"{": b"}"}


class Element(NamedTuple):
    """An object of the array under a key of the file, by its number from 1."""

    key: str
    number: int
    text: bytes


def elements(source: Path, keys: Collection[str]) -> Iterator[Element]:
    """Yield the objects of the arrays under the named keys, as they come.

    What is between the brackets of an object is not looked at. Raises Unconvertible for a file
    whose brackets do not fit, or that ends early, and for other things than objects in the arrays.
    """
    if not source.stat().st_size:
        raise Unconvertible(f"{source} is empty")
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield from _Walk(source, data, keys).elements()


class _Walk:
    """Where one is in a file: the brackets that are open, the array that is wanted."""

    def __init__(self, source: Path, data: mmap.mmap, keys: Collection[str]) -> None:
        self._source = source
        self._data = data
        self._keys = keys
        self._open: list[bytes] = []
        self._inside = 0  # how deep the arrays of objects are, once it is known
        self._word = b""  # the last string of the file's object
        self._key: str | None = None  # of the wanted array that is open
        self._number = self._start = self._end = 0  # of its last object

    def elements(self) -> Iterator[Element]:
        for found in _TOKEN.finditer(self._data):
            token = found[0]
            if token in _CLOSING:
                self._opens(token, found.start())
            elif token == b'"':
                raise self._broken(found.start(), "a string has no end")
            elif token in _CLOSING.values():
                if self._closes(token, found.start()):
                    yield self._element()
            elif len(self._open) == 1:
                self._word = token
        if self._open:
            raise self._broken(len(self._data), "the file ends early: it was not copied as a whole")

    def _opens(self, token: bytes, at: int) -> None:
        self._open.append(token)
        self._inside = self._inside or (1 if token == b"[" else 2)
        depth = len(self._open) - self._inside
        if depth == 0 and token == b"[":
            name = TOP if self._inside == 1 else self._word[1:-1].decode("utf-8", "replace")
            self._key = name if name in self._keys else None
            self._number, self._end = 0, at + 1
        elif depth == 1 and self._key is not None:
            self._check_between(at)
            if token == b"[":
                raise self._broken(at, f"entry {self._number + 1} is no object")
            self._start = at

    def _closes(self, token: bytes, at: int) -> bool:
        """Take a closing bracket; return whether it ends an object of a wanted array."""
        if not self._open or _CLOSING[self._open[-1]] != token:
            raise self._broken(at, "a bracket closes that was never opened")
        depth = len(self._open) - self._inside
        self._open.pop()
        if self._key is None or depth > 1:
            return False
        if depth == 0:
            self._check_between(at)
            self._key = None
            return False
        self._number, self._end = self._number + 1, at + 1
        return True

    def _element(self) -> Element:
        if self._end - self._start > MAX_ELEMENT_BYTES:
            raise self._broken(
                self._start, f"one entry has more than {MAX_ELEMENT_BYTES >> 20} MiB"
            )
        return Element(self._key or TOP, self._number, self._data[self._start : self._end])

    def _check_between(self, at: int) -> None:
        if not _BETWEEN.fullmatch(self._data, self._end, at):
            where = f"of {self._key!r} " if self._key else ""
            raise self._broken(self._end, f"behind entry {self._number} {where}is no object")

    def _broken(self, at: int, what: str) -> Unconvertible:
        line = 1
        for start in range(0, at, 1 << 20):
            line += self._data[start : min(at, start + (1 << 20))].count(b"\n")
        return Unconvertible(f"{self._source} line {line}: no sound JSON: {what}")
