"""A temperature in the ONNX graph of a model of single labels: its scores are probabilities."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tagline.scores.temperature import LOWEST


def scale(path: Path, temperature: float) -> None:
    """Let the model in an ONNX file, whose scores add up to 1, answer with those at a temperature.

    Where it averages views, it is their mean that is scaled.
    """
    model = onnx.load(str(path))
    graph = model.graph
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = ["temperature.scores" if name == "scores" else name for name in names]
    graph.node.extend(
        [
            helper.make_node(
                "Max", ["temperature.scores", "temperature.lowest"], ["temperature.kept"]
            ),
            helper.make_node("Log", ["temperature.kept"], ["temperature.log"]),
            helper.make_node(
                "Div", ["temperature.log", "temperature.value"], ["temperature.logits"]
            ),
            helper.make_node("Softmax", ["temperature.logits"], ["scores"], axis=1),
        ]
    )
    constants = {"lowest": LOWEST, "value": temperature}
    graph.initializer.extend(
        numpy_helper.from_array(np.array(value, np.float32), f"temperature.{name}")
        for name, value in constants.items()
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
