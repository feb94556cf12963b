"""The model's files: MXNet's and ONNX's, the second held against the first."""

import logging
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from trainer.answers import as_input
from trainer.contract import JobRefused
from trainer.data import Images
from trainer.network import Logits, Tagger

BATCH = 64  # images that are scored at once
TOLERANCE = 1e-3  # the largest difference of a score between MXNet and ONNX Runtime


def export(network: Logits, folder: Path, images: Images) -> float:
    """Write model-symbol.json, model-0000.params and model.onnx for a trained network.

    The ONNX scores of `images` (n, S, S, 3) are compared with MXNet's; returns the largest
    difference, or raises JobRefused when it is above TOLERANCE.
    """
    folder.mkdir(parents=True, exist_ok=True)
    side = images.shape[1]
    network.collect_params().reset_ctx(mx.cpu())
    tagger = Tagger(network)
    tagger.hybridize()
    data = as_input(images, mx.cpu())
    expected = tagger(data).asnumpy()
    tagger.export(str(folder / "model"), epoch=0)
    _to_onnx(folder, side)
    actual = score(session((folder / "model.onnx").read_bytes()), images)
    difference = float(np.abs(expected - actual).max())
    if not difference <= TOLERANCE:
        raise JobRefused(
            f"the exported ONNX model disagrees with MXNet's by {difference:.2g} in a score; "
            f"{TOLERANCE:g} is allowed, so the model is not handed on"
        )
    return difference


def session(model: bytes) -> onnxruntime.InferenceSession:
    """Return an ONNX Runtime session of an ONNX file's bytes, answering on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors: warnings about folded constants help nobody here
    return onnxruntime.InferenceSession(
        model, sess_options=options, providers=["CPUExecutionProvider"]
    )


def score(model: onnxruntime.InferenceSession, images: Images) -> NDArray[np.float32]:
    """Return the scores (n, L) of images (n, S, S, 3) uint8 RGB."""
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32)
    scores: NDArray[np.float32] = model.run(["scores"], {"data": planes})[0]
    return scores


def score_all(
    model: onnxruntime.InferenceSession, batches: Iterable[Images]
) -> NDArray[np.float32]:
    """Return the scores (n, L) of all images of batches, in their order."""
    return np.concatenate([score(model, images) for images in batches])


def _to_onnx(folder: Path, side: int) -> None:
    """Convert the two MXNet files to model.onnx with a free batch size."""
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.WARNING)  # the exporter reports every node
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "raw.onnx")
        mx.onnx.export_model(
            str(folder / "model-symbol.json"),
            str(folder / "model-0000.params"),
            [(1, 3, side, side)],
            np.float32,
            str(path),
            dynamic=True,
            dynamic_input_shapes=[(None, 3, side, side)],
        )
        model = onnx.load(str(path))
    logging.getLogger().setLevel(level)
    _tidy(model.graph)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(folder / "model.onnx"))


def _tidy(graph: Any) -> None:
    """Leave one input `data` and one output `scores`, with a named batch dimension.

    MXNet lists the weights among the inputs, which keeps ONNX Runtime from folding them.
    """
    weights = {weight.name for weight in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(inputs)
    old = graph.output[0].name
    for node in graph.node:
        for names in (node.input, node.output):
            for position, name in enumerate(names):
                if name == old:
                    names[position] = "scores"
    graph.output[0].name = "scores"
    for value in (graph.input[0], graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
