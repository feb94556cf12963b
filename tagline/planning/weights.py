"""Which networks a file of weights is of, told by names and shapes of a few of its arrays.

Whether all are there, and what values they have, the trainer says; this is to refuse another file
before anything is packed for it.
"""

import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection
from typing import IO

from tagline.formats.document import UnreadableDocument, decode
from tagline.formats.models import ModelDescription
from tagline.formats.weights import (
    DESCRIPTION,
    LARGEST_WEIGHTS,
    WEIGHTS,
    Shape,
    UnusableWeights,
    is_params,
    npy_shape,
    params_arrays,
)

TELLING: dict[str, dict[str, Shape]] = {
    "small": {"features.0.weight": (32, 3, 3, 3), "features.7.shortcut.1.weight": (256, 128, 1, 1)},
    "resnet18_v1": {"features.0.4.0.body.0.weight": (64, 64, 3, 3),
                    "features.0.7.1.body.3.weight": (512, 512, 3, 3)},
    "resnet50_v1": {"features.0.0.weight": (64, 3, 7, 7),
                    "features.0.7.2.body.6.weight": (2048, 512, 1, 1)},
    "resnet152_v1": {"features.0.0.weight": (64, 3, 7, 7),
                     "features.0.6.35.body.6.weight": (1024, 256, 1, 1)},
    "mobilenet_v2_0_5": {"features.0.0.weight": (16, 3, 3, 3),
                         "features.0.20.weight": (1280, 160, 1, 1)},
}  # fmt: skip
"""Arrays that tell a network from the others, by Gluon's names; the zoo's have one block less."""

_LONGEST_DESCRIPTION = 8 << 20  # bytes
_DAMAGE = (
    *(EOFError, ValueError, NotImplementedError, RuntimeError, OSError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error),
)


def networks_that_fit(file: IO[bytes], size: int) -> frozenset[str]:
    """Return the networks whose weights a file of so many bytes holds; it can be sought in.

    Raises UnusableWeights for a file that is none of weights.
    """
    if not size:
        raise UnusableWeights("it is empty")
    first = file.read(8)
    file.seek(0)
    try:
        if first.startswith(b"PK"):
            return _told_by(_in_archive(file))
        if is_params(first):
            shapes = {array.name: array.shape for array in params_arrays(file, size)}
            return _told_by(lambda names: {name: shapes[name] for name in names if name in shapes})
        with tarfile.open(fileobj=file, mode="r|*") as tar:
            return _of_model(tar)
    except UnusableWeights:
        raise
    except tarfile.ReadError as exc:
        raise UnusableWeights("it is no .npz, no .params of MXNet's and no model.tar.gz") from exc
    except _DAMAGE as exc:
        raise UnusableWeights(f"it is damaged ({exc})") from exc


def _told_by(shapes_of: Callable[[Collection[str]], dict[str, Shape]]) -> frozenset[str]:
    found = set()
    for network, ours in TELLING.items():
        zoos = {name.replace("features.0.", "features.", 1): ours[name] for name in ours}
        if any(shapes_of(named) == named for named in (ours, zoos)):
            found.add(network)
    return frozenset(found)


def _in_archive(file: IO[bytes]) -> Callable[[Collection[str]], dict[str, Shape]]:
    archive = zipfile.ZipFile(file)
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}

    def shapes_of(names: Collection[str]) -> dict[str, Shape]:
        found = {}
        for name in names:
            if name in members:
                with archive.open(members[name]) as member:
                    found[name] = npy_shape(member)
        return found

    return shapes_of


def _of_model(tar: tarfile.TarFile) -> frozenset[str]:
    """Return the network that a model.tar.gz says it is of."""
    network, weights, passed = None, False, 0
    for member in tar:
        passed += member.size
        if passed > LARGEST_WEIGHTS:
            raise UnusableWeights(f"it unpacks to more than {LARGEST_WEIGHTS:,} bytes")
        name = member.name.removeprefix("./")
        weights = weights or (name == WEIGHTS and member.isfile())
        if name == DESCRIPTION and (stream := tar.extractfile(member)):
            network = _described(stream.read(_LONGEST_DESCRIPTION))
        if weights and network is not None:
            return frozenset({network} & TELLING.keys())
    raise UnusableWeights(f"there is no {DESCRIPTION if weights else WEIGHTS} in it")


def _described(data: bytes) -> str:
    try:
        return decode(data, ModelDescription, DESCRIPTION).network or ""
    except UnreadableDocument as exc:
        raise UnusableWeights(f"its {DESCRIPTION} cannot be read: {exc}") from exc
