"""Write mean-colour.onnx: `.venvs/trainer/bin/python <this file>`.

A model small enough to reason about: scores = sigmoid(10 * (mean of each colour / 255 - 0.5)), so
an image's three scores tell how red, green and blue it is.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def main() -> None:
    """Write the model beside this file."""
    constants = {"scale": np.float32(10 / 255), "half": np.float32(5)}
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["data"], ["mean"], axes=[2, 3], keepdims=0),
            helper.make_node("Mul", ["mean", "scale"], ["scaled"]),
            helper.make_node("Sub", ["scaled", "half"], ["logits"]),
            helper.make_node("Sigmoid", ["logits"], ["scores"]),
        ],
        "mean-colour",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", 3, "S", "S"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(np.array(v), name) for name, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(Path(__file__).with_name("mean-colour.onnx")))


if __name__ == "__main__":
    main()
