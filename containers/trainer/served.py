"""What serves of a model that SageMaker's own image-classification trained.

Its model.tar.gz holds a network of MXNet's and no names: model.onnx and model.json are made of it
and of the dataset, and both are judged here and served later.
"""

import importlib.metadata
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from tagline.formats.document import Record, UnreadableDocument, decode_array, encode
from tagline.formats.image_classification import PARAMETERS, REPOSITORY, SHAPES, SYMBOL
from tagline.formats.models import ModelDescription
from tagline.formats.packed import PackedDataset
from trainer.candidate import resized
from trainer.contract import JobRefused, existing
from trainer.data import RecordSet
from trainer.export import TOLERANCE, score, session

_LARGEST = 2 << 30  # bytes of a file
_ROLE = "input 'challenger'"
_COMPARED = 64  # images


def make_served(
    archive: Path,
    records: RecordSet,
    dataset: PackedDataset,
    run: str,
    folder: Path,
    *,
    asked: Mapping[str, str] | None = None,
) -> Path:
    """Return the archive that serves, written into `folder`, of the algorithm's model.tar.gz.

    Both networks are asked for images of `records`; `asked` are the hyperparameters of its job.
    Raises JobRefused where the archive is none of the algorithm's, or the two do not agree.
    """
    # here, for the image that evaluates alone has MXNet
    from trainer.mxnet_engine.converting import convert  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        found = _unpacked(archive, Path(scratch))
        side = side_of(found.shapes)
        images = resized(records.images(np.arange(min(_COMPARED, len(records)))), side)
        onnx = Path(scratch, "model.onnx")
        own = convert(found.symbol, found.parameters, images, len(dataset.labels), onnx)
        difference = float(np.abs(own - score(session(onnx.read_bytes()), images)).max())
        if not difference <= TOLERANCE:
            raise JobRefused(
                f"the model that was converted for serving disagrees with MXNet's by "
                f"{difference:.2g} in a score; {TOLERANCE:g} is allowed"
            )
        description = ModelDescription(
            run=run,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            labels=dataset.labels,
            image=replace(dataset.image, size=side),
            network=REPOSITORY,
            hyperparameters=asked,
            versions={name: importlib.metadata.version(name) for name in ("mxnet", "onnx")},
            best_epoch=found.epoch,
            task=dataset.task,
        )
        made = Path(scratch, "model.json")
        made.write_bytes(encode(description))
        target = folder / "model.tar.gz"
        with tarfile.open(target, "w:gz") as tar:
            for file in (made, onnx):
                tar.add(file, file.name)
    sys.stdout.write(
        f"{found.parameters.name} is made model.onnx: MXNet and ONNX Runtime agree to "
        f"{difference:.1e}\n"
    )
    sys.stdout.flush()
    return target


@dataclass(frozen=True)
class _Files:
    symbol: Path
    parameters: Path
    shapes: bytes
    epoch: int


def _unpacked(archive: Path, folder: Path) -> _Files:
    """Return the algorithm's files, the parameters of the last of the epochs that were kept.

    Nothing else is unpacked, and nothing by a name of the archive's own.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(existing(archive, _ROLE)) as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                if not member.isfile() or not (
                    name in (SYMBOL, SHAPES) or PARAMETERS.fullmatch(name)
                ):
                    continue
                if member.size > _LARGEST:
                    raise JobRefused(f"{_ROLE}: {name} is larger than {_LARGEST >> 30} GiB")
                stream = tar.extractfile(member)
                found[name] = stream.read() if stream else b""
    except (tarfile.TarError, OSError, EOFError) as exc:
        raise JobRefused(f"{_ROLE}: {archive} cannot be read as model.tar.gz: {exc}") from exc
    epochs = {int(match["epoch"]): name for name in found if (match := PARAMETERS.fullmatch(name))}
    if SYMBOL not in found or SHAPES not in found or not epochs:
        raise JobRefused(
            f"{_ROLE}: {archive} is no model of the built-in algorithm: it wants {SYMBOL}, "
            f"{SHAPES} and image-classification-NNNN.params"
        )
    last = max(epochs)
    symbol, parameters = folder / SYMBOL, folder / epochs[last]
    symbol.write_bytes(found[SYMBOL])
    parameters.write_bytes(found[epochs[last]])
    return _Files(symbol, parameters, found[SHAPES], last)


class _Shape(Record):
    """An input of a network, as model-shapes.json has it."""

    name: str
    shape: tuple[int, int, int, int]
    """Images, channels, height, width."""


def side_of(shapes: bytes) -> int:
    """Return the pixels of the side of the images that a network sees; raises JobRefused.

    `shapes` are the bytes of its model-shapes.json.
    """
    try:
        found = decode_array(shapes, _Shape, SHAPES)
    except UnreadableDocument as exc:
        raise JobRefused(str(exc)) from exc
    sides = {shape.shape[1:] for shape in found if shape.name == "data"}
    if len(sides) != 1 or (side := next(iter(sides)))[0] != 3 or side[1] != side[2]:  # noqa: PLR2004
        raise JobRefused(f"{SHAPES} names no square images of three channels as `data`")
    return side[1]
