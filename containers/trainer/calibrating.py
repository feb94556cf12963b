"""Calibration curves in the ONNX graph: whoever asks the model gets probabilities."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from tagline.scores.platt import HIGHEST, LOWEST, Curves


def calibrate(path: Path, curves: Curves) -> None:
    """Let the model in an ONNX file answer with calibrated scores."""
    model = onnx.load(str(path))
    graph = model.graph
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = ["calibration.scores" if n == "scores" else n for n in names]
    constants: dict[str, NDArray[Any]] = {
        "calibration.lowest": np.array(LOWEST, np.float32),
        "calibration.highest": np.array(HIGHEST, np.float32),
        "calibration.one": np.array(1, np.float32),
        "calibration.slope": np.nan_to_num(curves.slope, nan=1).astype(np.float32),
        "calibration.offset": np.nan_to_num(curves.offset, nan=0).astype(np.float32),
        "calibration.fitted": curves.fitted,
    }
    steps = {  # from what to what
        "kept": ("Clip", "scores", "lowest", "highest"),
        "rest": ("Sub", "one", "kept"),
        "log": ("Log", "kept"),
        "log_rest": ("Log", "rest"),
        "logit": ("Sub", "log", "log_rest"),
        "steep": ("Mul", "logit", "slope"),
        "moved": ("Add", "steep", "offset"),
        "curved": ("Sigmoid", "moved"),
    }
    graph.node.extend(
        helper.make_node(kind, [f"calibration.{n}" for n in inputs], [f"calibration.{output}"])
        for output, (kind, *inputs) in steps.items()
    )
    chosen = [f"calibration.{name}" for name in ("fitted", "curved", "scores")]
    graph.node.append(helper.make_node("Where", chosen, ["scores"]))
    graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in constants.items())
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
