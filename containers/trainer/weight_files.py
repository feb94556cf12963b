"""Weights in files, by name: numpy's archive, MXNet's .params, a model.tar.gz of Tagline's.

A file may be anybody's: it is read as data, without pickle and without MXNet's own reader, whose
C++ trusts what it reads; no array is loaded before its shape is known to be wanted.
"""

import io
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tagline.formats.document import UnreadableDocument, decode
from tagline.formats.models import ModelDescription
from trainer.engine import Weights

MEMBER = "weights.npz"  # of model.tar.gz
LARGEST_FILE = 2 << 30  # bytes
Shapes = Mapping[str, tuple[int, ...]]
_PARAMS, _ARRAY = 0x112, 0xF993FAC9  # magic numbers of MXNet's file and of a dense array in it
_TYPES = {0: "<f4", 1: "<f8", 2: "<f2"}
_MOST_NAMES, _MOST_DIMENSIONS = 100_000, 8
_UNREADABLE = (OSError, EOFError, ValueError, tarfile.TarError)
_FLOATS = ("float16", "float32", "float64")


class UnusableWeights(ValueError):
    """A file holds no weights that can be read; the message says why."""


def read_weights(path: Path, wanted: Callable[[str, tuple[int, ...]], bool]) -> Weights:
    """Return the arrays of a file that are `wanted` by name and shape, as float32.

    The format is told by the first bytes. Raises UnusableWeights.
    """
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise UnusableWeights(f"it has {size:,} bytes, more than {LARGEST_FILE:,}")
    try:
        with path.open("rb") as file:
            first = file.read(8)
            file.seek(0)
            if first.startswith(b"PK"):
                return _read_npz(file, wanted)
            if len(first) == 8 and struct.unpack("<Q", first)[0] == _PARAMS:  # noqa: PLR2004
                return dict(_read_params(file, size, wanted))
        if tarfile.is_tarfile(path):
            return _read_npz(io.BytesIO(_member(path, MEMBER)), wanted)
    except (*_UNREADABLE, struct.error, zipfile.BadZipFile) as exc:
        raise UnusableWeights(f"it cannot be read: {exc}") from exc
    raise UnusableWeights("it is no .npz, no .params of MXNet's and no model.tar.gz")


def read_description(path: Path) -> ModelDescription | None:
    """Return model.json of a model.tar.gz, None for another file; raises UnusableWeights."""
    try:
        if not tarfile.is_tarfile(path):
            return None
        return decode(_member(path, "model.json"), ModelDescription, "model.json")
    except (*_UNREADABLE, UnreadableDocument) as exc:
        raise UnusableWeights(f"its model.json cannot be read: {exc}") from exc


def write_weights(path: Path, weights: Weights) -> None:
    """Write weights.npz: an array for each name; equal weights make equal bytes."""
    arrays: dict[str, Any] = dict(weights)
    np.savez(path, **arrays)


def _read_npz(file: IO[bytes], wanted: Callable[[str, tuple[int, ...]], bool]) -> Weights:
    found: Weights = {}
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as stream:
                shape, dtype = _header(stream)
            if dtype.name in _FLOATS and wanted(name, shape):
                with archive.open(member) as stream:
                    array = np.lib.format.read_array(stream, allow_pickle=False)
                found[name] = array.astype(np.float32)
    return found


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0
    shape, _, dtype = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(stream)
    return shape, dtype


def _read_params(
    file: IO[bytes], size: int, wanted: Callable[[str, tuple[int, ...]], bool]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the arrays of MXNet's list of NDArrays: a header, the arrays, then their names."""
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
        plain = name[2] or name[0]
        if kind in _TYPES and wanted(plain, shape):
            after = file.tell()
            file.seek(offset)
            content = file.read(_count(shape) * np.dtype(_TYPES[kind]).itemsize)
            file.seek(after)
            yield plain, np.frombuffer(content, _TYPES[kind]).reshape(shape).astype(np.float32)


def _place(file: IO[bytes], size: int) -> tuple[tuple[int, ...], int, int]:
    """Return shape, type and offset of the next array, and go behind it."""
    magic, storage, dimensions = _unpack(file, "<IiI")
    if magic != _ARRAY or storage not in (0, -1) or dimensions > _MOST_DIMENSIONS:
        raise UnusableWeights("its arrays are no dense ones of MXNet 1.x")
    shape = _unpack(file, f"<{dimensions}q")
    _, _, kind = _unpack(file, "<iii")
    offset = file.tell()
    if any(side < 0 for side in shape) or (kind not in _TYPES and kind > 7):  # noqa: PLR2004
        raise UnusableWeights("an array's shape or type is not understood")
    width = np.dtype(_TYPES[kind]).itemsize if kind in _TYPES else (1, 4, 1, 8, 1)[kind - 3]
    end = offset + _count(shape) * width
    if end > size:
        raise UnusableWeights("it is cut short")
    file.seek(end)
    return shape, kind, offset


def _unpack(file: IO[bytes], layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


def _member(path: Path, name: str) -> bytes:
    with tarfile.open(path) as tar:
        for member in tar:
            if member.name.removeprefix("./") == name and member.isfile():
                if member.size > LARGEST_FILE:
                    raise UnusableWeights(f"its {name} is larger than {LARGEST_FILE:,} bytes")
                stream = tar.extractfile(member)
                if stream is not None:
                    return stream.read()
    raise UnusableWeights(f"there is no {name} in it")
