"""model.onnx: a history in, scores of all items and the best of them out.

    history (L,) int64   columns of the items, the newest last; none is there twice
    exclude (E,) int64   columns that are not to be among the best
    k       (1,) int64   how many of the best, at most the items that are not excluded
    ->
    scores  (I,) float32 of all items, excluded or not
    items   (k,) int64   the best, of equal ones the lower column first
    best    (k,) float32 their scores

A history of length 0 gets the trend alone: what is popular.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from recommender.choosing import Recipe
from recommender.parts import LEAST_APART, LEAST_SPREAD, Ease, Network, Part

_OPSET, _IR = 17, 9


class _Graph:
    """Nodes and constants as they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[NDArray[Any]] = []

    def constant(self, value: Any, kind: Any = np.float32) -> str:
        self.constants.append(np.asarray(value, kind))
        return f"c{len(self.constants) - 1}"

    def add(self, operator: str, *inputs: str, outputs: Sequence[str] = (), **how: Any) -> str:
        names = list(outputs) or [f"n{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **how))
        return names[0]


def model(parts: Sequence[Part], recipe: Recipe, trend: NDArray[np.float32]) -> bytes:
    """Return the ONNX model of parts by their recipe, and the trend's standard scores (I,)."""
    graph = _Graph()
    length = graph.add("Shape", "history")
    known = graph.add("Cast", graph.add("Greater", length, graph.constant([0], np.int64)), to=1)
    newest = graph.add("Sub", length, graph.constant([1], np.int64))
    down = graph.constant(-1, np.int64)
    ages = graph.add("Cast", graph.add("Range", graph.add("Squeeze", newest), down, down), to=1)
    # 1 for who has no history, else what validation chose
    weight = graph.add(
        "Sub", graph.constant([1]), graph.add("Mul", known, graph.constant([1 - recipe.trend]))
    )
    total = graph.add("Mul", weight, graph.constant(trend[None]))
    for part, share, decay in zip(parts, recipe.shares, recipe.decays, strict=True):
        weights = graph.add("Pow", graph.constant([decay]), ages)
        scores = _standard(graph, _scores(graph, part, weights))
        counted = graph.add("Mul", graph.add("Mul", known, graph.constant([share])), scores)
        total = graph.add("Add", total, counted)
    graph.add("Squeeze", total, graph.constant([0], np.int64), outputs=["scores"])
    out = graph.add("Expand", graph.constant([-np.inf]), graph.add("Shape", "exclude"))
    open_to = graph.add("ScatterElements", "scores", "exclude", out, axis=0)
    graph.add("TopK", open_to, "k", outputs=["best", "items"])
    return _bytes(graph, len(trend))


def _scores(graph: _Graph, part: Part, weights: str) -> str:
    """Add a part; return its scores (1, I) of a history at weights (L,)."""
    row = graph.add("Unsqueeze", weights, graph.constant([0], np.int64))
    if isinstance(part, Ease):
        return graph.add("MatMul", row, graph.add("Gather", graph.constant(part.matrix), "history"))
    assert isinstance(part, Network)  # noqa: S101 - there is no third kind
    square = graph.add("ReduceSum", graph.add("Mul", row, row))
    length = graph.add("Sqrt", graph.add("Max", square, graph.constant(LEAST_SPREAD)))
    encoder = graph.add("Gather", graph.constant(part.encoder), "history")
    hidden = graph.add("MatMul", graph.add("Div", row, length), encoder)
    hidden = graph.add("Add", hidden, graph.constant(part.encoder_bias))
    if part.tanh:
        hidden = graph.add("Tanh", hidden)
    decoded = graph.add("MatMul", hidden, graph.constant(part.decoder))
    return graph.add("Add", decoded, graph.constant(part.decoder_bias))


def _standard(graph: _Graph, scores: str) -> str:
    mean = graph.add("ReduceMean", scores, axes=[1])
    apart = graph.add("Sub", scores, mean)
    spread = graph.add("Sqrt", graph.add("ReduceMean", graph.add("Mul", apart, apart), axes=[1]))
    rounding = graph.add("Mul", graph.add("Abs", mean), graph.constant(LEAST_APART))
    least = graph.add("Max", rounding, graph.constant(LEAST_SPREAD))
    return graph.add("Div", apart, graph.add("Max", spread, least))


def _bytes(graph: _Graph, items: int) -> bytes:
    whole, real = TensorProto.INT64, TensorProto.FLOAT
    made = helper.make_graph(
        graph.nodes,
        "recommender",
        [
            helper.make_tensor_value_info("history", whole, ["L"]),
            helper.make_tensor_value_info("exclude", whole, ["E"]),
            helper.make_tensor_value_info("k", whole, [1]),
        ],
        [
            helper.make_tensor_value_info("scores", real, [items]),
            helper.make_tensor_value_info("items", whole, ["K"]),
            helper.make_tensor_value_info("best", real, ["K"]),
        ],
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(made, opset_imports=[opset], ir_version=_IR)
    for number, value in enumerate(graph.constants):  # last: what is made above copies what it has
        model.graph.initializer.add(
            name=f"c{number}",
            dims=value.shape,
            data_type=helper.np_dtype_to_tensor_dtype(value.dtype),
            raw_data=value.tobytes(),
        )
    found: bytes = model.SerializeToString()
    return found
