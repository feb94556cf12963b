"""A network of MXNet's symbols, as the built-in algorithm leaves it, made the model that serves.

Its last layer is one of training, which wants the truth beside the images; here it becomes what it
answers with. A network in half precision becomes one in single precision, which a CPU computes.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from trainer.contract import JobRefused
from trainer.engine import Images
from trainer.mxnet_engine.export import to_onnx
from trainer.mxnet_engine.network import as_input

_DATA = "data"
_WRAPPERS = ("BlockGrad", "MakeLoss", "make_loss", "_copy", "identity")
_ANSWERS = ("sigmoid", "softmax", "SoftmaxActivation")
_OF_TRAINING = {"LogisticRegressionOutput": "sigmoid", "SoftmaxOutput": "softmax"}
_LOGITS = ("FullyConnected", "Cast", "amp_cast")


def convert(
    symbol: Path, parameters: Path, images: Images, labels: int, target: Path
) -> NDArray[np.float32]:
    """Write the ONNX file of a network with so many labels; return its own scores of the images.

    Pixels go in as they are, 0 to 255: what the network subtracts is part of it. Raises JobRefused
    for a network that does not answer a score a label of such images.
    """
    side = images.shape[1]
    try:
        weights = mx.nd.load(str(parameters))
    except mx.MXNetError as exc:
        raise JobRefused(f"{parameters.name} cannot be read: {exc}") from exc
    answer = _answer(_network(symbol), side, labels)
    needed = _needed(answer, weights, parameters.name)
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch, "answer-symbol.json"), Path(scratch, "answer-0000.params")
        answer.save(str(files[0]))
        mx.nd.save(str(files[1]), needed)
        to_onnx(*files, side, target)
    arrays: dict[str, dict[str, Any]] = {"arg": {_DATA: as_input(images, mx.cpu())}, "aux": {}}
    for key, value in needed.items():
        kind, _, name = key.partition(":")
        arrays[kind][name] = value
    bound = answer.bind(mx.cpu(), arrays["arg"], grad_req="null", aux_states=arrays["aux"])
    scores: NDArray[np.float32] = bound.forward(is_train=False)[0].asnumpy()
    return scores


def labels_of(symbol: Path, side: int) -> int:
    """Return how many scores a network answers of an image; raises JobRefused for another one."""
    for head in _network(symbol):
        inner, operation = _unwrapped(head)
        if operation in (*_OF_TRAINING, *_ANSWERS, *_LOGITS):
            shape = inner.infer_shape_partial(**{_DATA: (1, 3, side, side)})[1][0]
            if len(shape) == 2:  # noqa: PLR2004 - images, labels
                return int(shape[1])
    raise JobRefused(f"{symbol.name} is of no network that answers a score a label")


def answer_of_classes(symbol: Path) -> None:
    """Let a network that answers a probability a label answer such as add up to 1 instead."""
    (head,) = _network(symbol)
    mx.sym.softmax(head.get_children()[0]).save(str(symbol))


def _network(symbol: Path) -> Any:
    try:
        return mx.sym.load_json(_in_single_precision(symbol.read_text(encoding="utf-8")))
    except (mx.MXNetError, ValueError, KeyError) as exc:
        raise JobRefused(f"{symbol.name} cannot be read: {exc}") from exc


def _in_single_precision(text: str) -> str:
    graph = json.loads(text)
    for node in graph["nodes"]:
        attributes = node.get("attrs", node.get("param", {}))
        if attributes.get("dtype") == "float16":
            attributes["dtype"] = "float32"
    return json.dumps(graph)


def _answer(network: Any, side: int, labels: int) -> Any:
    """Return the part of a network that computes the scores (n, labels) of images."""
    seen = []
    for head in network:
        inner, operation = _unwrapped(head)
        if operation in _OF_TRAINING:
            logits = inner.get_children()[0]
            found = getattr(mx.sym, _OF_TRAINING[operation])(logits)
        elif operation in _ANSWERS:
            found = inner
        elif operation in _LOGITS:  # of several labels: one probability each
            found = mx.sym.sigmoid(inner)
        else:
            seen.append(operation)
            continue
        shape = found.infer_shape_partial(**{_DATA: (1, 3, side, side)})[1][0]
        if tuple(shape) == (1, labels):
            return found
        seen.append(f"{operation} of the shape {tuple(shape)}")
    raise JobRefused(
        f"the network answers by {', '.join(seen) or 'nothing'}, and not with a score for each of "
        f"{labels} labels of {side}x{side} pixels"
    )


def _unwrapped(head: Any) -> tuple[Any, str]:
    """Return an output without what only training puts around it, and its operation."""
    while True:
        graph = json.loads(head.tojson())
        node = graph["nodes"][graph["heads"][0][0]]
        operation = node["op"]
        if operation not in _WRAPPERS:
            break
        head = head.get_children()[0]
    if operation == "Activation":
        operation = node["attrs"]["act_type"]
    return head, operation


def _needed(answer: Any, weights: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Return the parameters of a network in single precision, by MXNet's names for the file."""
    needed = {
        **{f"arg:{name}": name for name in answer.list_arguments() if name != _DATA},
        **{f"aux:{name}": name for name in answer.list_auxiliary_states()},
    }
    missing = [name for key, name in needed.items() if key not in weights]
    if missing:
        raise JobRefused(f"{file} has no parameter {missing[0]} of the network")
    return {key: weights[key].astype("float32") for key in needed}
