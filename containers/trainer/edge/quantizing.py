"""A network in 8-bit numbers: static quantization by ONNX Runtime, in the form QDQ.

Weights have a scale a channel, and 7 bits: with 8, x86 processors without VNNI add up wrongly, and
a device would answer otherwise than the gate saw. What turns features into scores stays fp32: a
score's logit in 256 steps would move it over its threshold. Ranges come from validation images.
"""

import copy
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.data import RecordSet

if TYPE_CHECKING:  # only the trainer's own image has it
    import onnx

MOST_IMAGES = 256
_AFTER = ("Add", "AveragePool", "Clip", "GlobalAveragePool", "MaxPool", "Relu")
_FIRST = 8  # nodes with weights whose rounding all later ones inherit


class Unquantizable(ValueError):
    """The network cannot be quantized."""


@dataclass(frozen=True)
class Way:
    """What of a network becomes 8-bit: nodes of these types but those `excluded` by name."""

    types: tuple[str, ...]
    excluded: tuple[str, ...]


def prepared(model: bytes) -> "onnx.ModelProto":
    """Return a network whose constants are folded and whose nodes have names; raises Unquantizable.

    Batch normalisation becomes a part of the convolution before it: apart, it would be rounded
    twice.
    """
    # load much, and only where somebody asks for them
    import onnx  # noqa: PLC0415
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "fp32.onnx", Path(folder) / "prepared.onnx"
        before.write_bytes(model)
        try:
            quant_pre_process(before, after, skip_symbolic_shape=True)
        except Exception as exc:  # the tool raises whatever its parts do
            raise Unquantizable(f"{type(exc).__name__}: {exc}") from exc
        network = onnx.load(after)
    for number, node in enumerate(network.graph.node):
        # excluded by an empty name, all that have none would stay fp32
        node.name = node.name or f"{node.op_type}_{number}"
    return network


def ways(network: "onnx.ModelProto") -> tuple[Way, ...]:
    """Return how a prepared network may be quantized, the fastest first; raises Unquantizable."""
    nodes = network.graph.node
    inner = [node.name for node in nodes if node.op_type == "Conv"]
    if not inner:
        raise Unquantizable("it has no convolution")
    head = tuple(node.name for node in nodes if node.op_type not in ("Conv", *_AFTER))
    types = ("Conv", *_AFTER)
    first = tuple(inner[: min(_FIRST, len(inner) // 2)])
    return Way(types, head), Way(types, (*first, *head)), Way(("Conv",), head)


def quantize(
    network: "onnx.ModelProto", way: Way, images: RecordSet, most: int = MOST_IMAGES
) -> bytes:
    """Return a prepared network in 8-bit numbers, by `most` images; raises Unquantizable."""
    from onnxruntime import quantization  # noqa: PLC0415 - as above

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = _calibration(images, most)

        def get_next(self) -> Any:
            return next(self._batches, None)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        try:
            quantization.quantize_static(
                copy.deepcopy(network),  # it is changed
                path,
                Reader(),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                op_types_to_quantize=list(way.types),
                nodes_to_exclude=list(way.excluded),
            )
            return path.read_bytes()
        except Exception as exc:  # as above
            raise Unquantizable(f"{type(exc).__name__}: {exc}") from exc


def _calibration(images: RecordSet, most: int) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Yield images, spread over the file, as the network takes them."""
    for index in np.linspace(0, len(images) - 1, min(len(images), most)).round().astype(np.int64):
        pixels = images.images(np.array([index]))
        yield {"data": np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)}
