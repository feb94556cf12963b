"""Writes versions as devices have them, of untrained networks: what they cost, not what they know.

    .venvs/trainer/bin/python bench/edge_models.py FOLDER NETWORK SIDE

Makes FOLDER/fp32 and FOLDER/int8, quantized as the trainer's image does for devices.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
import onnx
from numpy.typing import NDArray

from trainer.edge.quantizing import prepared, quantize, ways
from trainer.mxnet_engine.export import export
from trainer.mxnet_engine.network import build

LABELS = ["compost", "landfill", "recycling"]
IMAGES = 32  # for the ranges of 8-bit numbers


class Drawn:
    """Images of noise, as the quantizer asks for a packed side's."""

    def __init__(self, side: int) -> None:
        self._images = np.random.default_rng(0).integers(
            0, 256, (IMAGES, side, side, 3), dtype=np.uint8
        )

    def __len__(self) -> int:
        return IMAGES

    def images(self, wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return some of them."""
        return self._images[wanted]


def write(folder: Path, model: bytes, side: int, precision: str) -> None:
    """Write a version: the model and its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    file = {"sha256": hashlib.sha256(model).hexdigest(), "bytes": len(model)}
    manifest = {
        "dataset": "bench",
        "version": "1.261127.1",
        "run": "bench-0123456789abcdef",
        "created": "2026-11-27T00:00:00Z",
        "task": "single",
        "labels": LABELS,
        "thresholds": dict.fromkeys(LABELS, 0.5),
        "image": {"size": side, "mode": "letterbox", "background": "#ffffff"},
        "model": {"file": "model.onnx", "precision": precision},
        "files": {"model.onnx": file},
        "tolerance": 0.01,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def main() -> None:
    """Build, export and quantize a network."""
    folder, network, side = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    mx.random.seed(0)
    images: Any = Drawn(side)
    bias = np.zeros(len(LABELS))
    made = build(network, bias, side, 0.0, mx.cpu())
    export(made, folder, images.images(np.arange(2)), single=True)
    fp32 = (folder / "model.onnx").read_bytes()
    write(folder / "fp32", fp32, side, "fp32")
    graph: onnx.ModelProto = prepared(fp32)
    write(folder / "int8", quantize(graph, ways(graph)[0], images), side, "int8")


if __name__ == "__main__":
    main()
