"""Weights in files, by name: numpy's archive, MXNet's .params, a model.tar.gz of Tagline's.

A file may be anybody's: it is read as data, without pickle and without MXNet's own reader, whose
C++ trusts what it reads; no array is loaded before its shape is known to be wanted.
"""

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tagline.formats.document import UnreadableDocument, decode
from tagline.formats.models import ModelDescription
from tagline.formats.weights import (
    DESCRIPTION,
    LARGEST_WEIGHTS,
    WEIGHTS,
    Shape,
    UnusableWeights,
    is_params,
    params_arrays,
)
from trainer.engine import Weights

Shapes = Mapping[str, Shape]
_TYPES = {0: "<f4", 1: "<f8", 2: "<f2"}  # of floats, by MXNet's number of them
_UNREADABLE = (OSError, EOFError, ValueError, tarfile.TarError)
_FLOATS = ("float16", "float32", "float64")


def read_weights(path: Path, wanted: Callable[[str, Shape], bool]) -> Weights:
    """Return the arrays of a file that are `wanted` by name and shape, as float32.

    The format is told by the first bytes. Raises UnusableWeights.
    """
    size = path.stat().st_size
    if size > LARGEST_WEIGHTS:
        raise UnusableWeights(f"it has {size:,} bytes, more than {LARGEST_WEIGHTS:,}")
    try:
        with path.open("rb") as file:
            first = file.read(8)
            file.seek(0)
            if first.startswith(b"PK"):
                return _read_npz(file, wanted)
            if is_params(first):
                return dict(_read_params(file, size, wanted))
        if tarfile.is_tarfile(path):
            return _read_npz(io.BytesIO(_member(path, WEIGHTS)), wanted)
    except (*_UNREADABLE, zipfile.BadZipFile) as exc:
        raise UnusableWeights(f"it cannot be read: {exc}") from exc
    raise UnusableWeights("it is no .npz, no .params of MXNet's and no model.tar.gz")


def read_description(path: Path) -> ModelDescription | None:
    """Return model.json of a model.tar.gz, None for another file; raises UnusableWeights."""
    try:
        if not tarfile.is_tarfile(path):
            return None
        return decode(_member(path, DESCRIPTION), ModelDescription, DESCRIPTION)
    except (*_UNREADABLE, UnreadableDocument) as exc:
        raise UnusableWeights(f"its model.json cannot be read: {exc}") from exc


def write_weights(path: Path, weights: Weights) -> None:
    """Write weights.npz: an array for each name; equal weights make equal bytes."""
    arrays: dict[str, Any] = dict(weights)
    np.savez(path, **arrays)


def _read_npz(file: IO[bytes], wanted: Callable[[str, Shape], bool]) -> Weights:
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


def _header(stream: IO[bytes]) -> tuple[Shape, np.dtype[np.generic]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0
    shape, _, dtype = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(stream)
    return shape, dtype


def _read_params(
    file: IO[bytes], size: int, wanted: Callable[[str, Shape], bool]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the wanted arrays of MXNet's list of NDArrays."""
    for array in params_arrays(file, size):
        if array.kind in _TYPES and wanted(array.name, array.shape):
            after, kind = file.tell(), np.dtype(_TYPES[array.kind])
            file.seek(array.offset)
            content = file.read(prod(array.shape) * kind.itemsize)
            file.seek(after)
            values = np.frombuffer(content, kind).reshape(array.shape)
            yield array.name, values.astype(np.float32)


def _member(path: Path, name: str) -> bytes:
    with tarfile.open(path) as tar:
        for member in tar:
            if member.name.removeprefix("./") == name and member.isfile():
                if member.size > LARGEST_WEIGHTS:
                    raise UnusableWeights(f"its {name} is larger than {LARGEST_WEIGHTS:,} bytes")
                stream = tar.extractfile(member)
                if stream is not None:
                    return stream.read()
    raise UnusableWeights(f"there is no {name} in it")
