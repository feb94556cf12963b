"""The contents of a plan in little memory: a hash of eight bytes and a bit a label each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


def packed(labels: bytes) -> bytes:
    """Return labels, b"0" or b"1" each, as bits."""
    return int(labels, 2).to_bytes(-(-len(labels) // 8))


def unpacked(bits: bytes, count: int) -> str:
    """Return so many labels as characters 0 and 1."""
    return f"{int.from_bytes(bits):0{count}b}"


@dataclass(frozen=True)
class Contents:
    """Different contents in the order of their hashes."""

    hashes: Hashes
    bits: Codes
    """(contents, bytes of a row), as `packed` makes them."""
    labels: int
    """Of a content."""

    @classmethod
    def of(cls, rows: Iterable[tuple[int, bytes]], labels: int) -> "Contents":
        """Return those of rows that come in the order of their hashes, with `packed` labels.

        A content has the labels of all its rows.
        """
        hashes, bits, width = bytearray(), bytearray(), -(-labels // 8)
        last = -1
        for content, row in rows:
            if content != last:
                hashes += content.to_bytes(8, "little")
                bits += row
                last = content
            elif bits[-width:] != row:
                both = int.from_bytes(bits[-width:]) | int.from_bytes(row)
                bits[-width:] = both.to_bytes(width)
        return cls(
            np.frombuffer(hashes, "<u8"), np.frombuffer(bits, np.uint8).reshape(-1, width), labels
        )

    def __len__(self) -> int:
        """Return their number."""
        return len(self.hashes)

    def rows(self, order: npt.NDArray[np.intp]) -> "Rows":
        """Return the labels of some contents, in this order."""
        return Rows(self.bits[order], self.labels)


class Rows(Sequence[bytes]):
    """Labels by row, b"0" or b"1" each, which are made when a row is asked for."""

    def __init__(self, bits: Codes, labels: int) -> None:
        self._bits = bits
        self._labels = labels

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._bits)

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        """Return a row, or some."""
        if isinstance(at, slice):
            return [self._row(bits.tobytes()) for bits in self._bits[at]]
        return self._row(self._bits[at].tobytes())

    def _row(self, bits: bytes) -> bytes:
        return unpacked(bits, self._labels).encode()
