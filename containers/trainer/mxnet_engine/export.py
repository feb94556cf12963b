"""The files of a Gluon network: MXNet's own, and ONNX's."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
import onnx
from numpy.typing import NDArray

from trainer.engine import Images
from trainer.mxnet_engine.network import Logits, Tagger, as_input


def export(
    network: Logits, folder: Path, images: Images, *, single: bool = False
) -> NDArray[np.float32]:
    """Write model-symbol.json, model-0000.params and model.onnx; return the images' scores."""
    network.collect_params().reset_ctx(mx.cpu())
    tagger = Tagger(network, single=single)
    tagger.hybridize()
    scores: NDArray[np.float32] = tagger(as_input(images, mx.cpu())).asnumpy()
    tagger.export(str(folder / "model"), epoch=0)
    files = (folder / "model-symbol.json", folder / "model-0000.params")
    to_onnx(*files, images.shape[1], folder / "model.onnx")
    return scores


def to_onnx(symbol: Path, parameters: Path, side: int, target: Path) -> None:
    """Convert the two MXNet files of a network to an ONNX file with a free batch size."""
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.WARNING)  # the exporter reports every node
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "raw.onnx")
        mx.onnx.export_model(
            str(symbol),
            str(parameters),
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
    onnx.save(model, str(target))


def _tidy(graph: Any) -> None:
    """Leave one input `data` and one output `scores`, with a named batch dimension.

    MXNet lists the weights among the inputs, which keeps ONNX Runtime from folding them, and leaves
    a constant beside a softmax that nothing uses.
    """
    used = {name for node in graph.node for name in node.input}
    constants = [constant for constant in graph.initializer if constant.name in used]
    del graph.initializer[:]
    graph.initializer.extend(constants)
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
