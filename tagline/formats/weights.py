"""What lies in a file of weights, array by array, without loading one and without numpy.

Formats: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html for the archive's
arrays, and `NDArray::Save` of MXNet 1.x for a .params file.
"""

import ast
import struct
from collections.abc import Iterator
from math import prod
from typing import IO, NamedTuple

LARGEST_WEIGHTS = 2 << 30  # bytes of a file
WEIGHTS, DESCRIPTION = "weights.npz", "model.json"  # members of model.tar.gz
Shape = tuple[int, ...]

_NUMPY, _LONGEST_HEADER = b"\x93NUMPY", 1 << 16
_PARAMS, _ARRAY = 0x112, 0xF993FAC9  # magic numbers of MXNet's file and of a dense array in it
_WIDTHS = {0: 4, 1: 8, 2: 2, 3: 1, 4: 4, 5: 1, 6: 8, 7: 1}  # bytes, by MXNet's number of a type
_MOST_NAMES, _MOST_DIMENSIONS = 100_000, 8


class UnusableWeights(ValueError):
    """A file holds no weights that can be read; the message says why."""


class ParamsArray(NamedTuple):
    """An array of a .params file: MXNet's number of its type, and where its values begin."""

    name: str
    shape: Shape
    kind: int
    offset: int


def is_params(first: bytes) -> bool:
    """Return whether a file that begins so is one of MXNet's lists of arrays."""
    return first[:8] == struct.pack("<Q", _PARAMS)


def params_arrays(file: IO[bytes], size: int) -> Iterator[ParamsArray]:
    """Yield the arrays of a .params file of so many bytes: headers first, their names at its end.

    The file is where it was when the next array is asked for. Raises UnusableWeights, or
    UnicodeDecodeError for names that are none.
    """
    _, _, count = _unpack(file, "<QQQ")
    if count > _MOST_NAMES:
        raise UnusableWeights(f"it says that it holds {count:,} arrays")
    places = [_place(file, size) for _ in range(count)]
    (named,) = _unpack(file, "<Q")
    if named != count:
        raise UnusableWeights("its arrays have no names")
    for shape, kind, offset in places:
        (length,) = _unpack(file, "<Q")
        name = file.read(min(length, size)).decode().partition(":")  # arg: or aux:
        yield ParamsArray(name[2] or name[0], shape, kind, offset)


def npy_shape(file: IO[bytes]) -> Shape:
    """Return the shape of numpy's file of one array, which lies open at its beginning.

    Raises UnusableWeights.
    """
    first = file.read(8)
    if len(first) < 8 or first[:6] != _NUMPY:  # noqa: PLR2004
        raise UnusableWeights("an array in it is none of numpy's")
    (length,) = _unpack(file, "<H" if first[6] == 1 else "<I")
    if length > _LONGEST_HEADER:
        raise UnusableWeights("an array in it has no header")
    try:
        shape = ast.literal_eval(file.read(length).decode())["shape"]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as exc:
        raise UnusableWeights("the header of an array in it cannot be read") from exc
    if not isinstance(shape, tuple) or not all(isinstance(side, int) for side in shape):
        raise UnusableWeights("the header of an array in it cannot be read")
    return shape


def _place(file: IO[bytes], size: int) -> tuple[Shape, int, int]:
    """Return shape, type and offset of the next array, and go behind it."""
    magic, storage, dimensions = _unpack(file, "<IiI")
    if magic != _ARRAY or storage not in (0, -1) or dimensions > _MOST_DIMENSIONS:
        raise UnusableWeights("its arrays are no dense ones of MXNet 1.x")
    shape = _unpack(file, f"<{dimensions}q")
    _, _, kind = _unpack(file, "<iii")
    offset = file.tell()
    if any(side < 0 for side in shape) or kind not in _WIDTHS:
        raise UnusableWeights("an array's shape or type is not understood")
    end = offset + prod(shape) * _WIDTHS[kind]
    if end > size:
        raise UnusableWeights("it is cut short")
    file.seek(end)
    return shape, kind, offset


def _unpack(file: IO[bytes], layout: str) -> tuple[int, ...]:
    size = struct.calcsize(layout)
    data = file.read(size)
    if len(data) < size:
        raise UnusableWeights("it is cut short")
    return struct.unpack(layout, data)
