"""Shifted views of an image, whose scores an exported model averages.

The averaging is part of the ONNX graph: serving, evaluation and devices ask such a model like any
other, and it takes as many times as long. No view is mirrored: that made models worse.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from trainer.engine import Images

_CORNERS = ((-1, -1), (1, 1), (-1, 1), (1, -1), (0, 0))  # the more views the more of them
_REACH = 1 / 24  # of the side: how far a view is shifted down or up, and right or left


def shifts(views: int, side: int) -> list[tuple[int, int]]:
    """Return the pixels down and right, below 0 up and left, that each of the views is shifted."""
    if views == 1:
        return [(0, 0)]
    reach = max(1, round(side * _REACH))
    return [(down * reach, right * reach) for down, right in _CORNERS[:views]]


def shifted(images: Images, down: int, right: int) -> Images:
    """Return the images (n, S, S, 3) shifted; what moves in repeats the edge's pixels."""
    side = images.shape[1]
    margin = max(abs(down), abs(right))
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="edge")
    top, left = margin - down, margin - right
    view: Images = padded[:, top : top + side, left : left + side]
    return view


def average_views(path: Path, views: int, side: int, labels: int) -> None:
    """Let the model in an ONNX file answer with the mean score of so many views of an image."""
    model = onnx.load(str(path))
    graph = model.graph
    for node in graph.node:  # they see all views, one after the other, as one batch
        for names in (node.input, node.output):
            names[:] = [{"data": "views", "scores": "views.scores"}.get(n, n) for n in names]
    reach = max(abs(pixels) for shift in shifts(views, side) for pixels in shift)
    constants: dict[str, NDArray[Any]] = {
        "views.margins": np.array([0, 0, reach, reach] * 2, np.int64),
        "views.axes": np.array([2, 3], np.int64),
        "views.shape": np.array([views, -1, labels], np.int64),
        "views.first": np.array([0], np.int64),
        "views.share": np.array(1 / views, np.float32),
    }
    before = [helper.make_node("Pad", ["data", "views.margins"], ["views.padded"], mode="edge")]
    each = []
    for number, (down, right) in enumerate(shifts(views, side)):
        first = np.array([reach - down, reach - right], np.int64)
        constants |= {f"views.{number}.from": first, f"views.{number}.to": first + side}
        each.append(f"views.{number}")
        inputs = ["views.padded", f"views.{number}.from", f"views.{number}.to", "views.axes"]
        before.append(helper.make_node("Slice", inputs, [f"views.{number}"]))
    before.append(helper.make_node("Concat", each, ["views"], axis=0))
    after = [
        helper.make_node("Reshape", ["views.scores", "views.shape"], ["views.each"]),
        helper.make_node("ReduceSum", ["views.each", "views.first"], ["views.sum"], keepdims=0),
        helper.make_node("Mul", ["views.sum", "views.share"], ["scores"]),
    ]
    nodes = [*before, *graph.node, *after]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in constants.items())
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
