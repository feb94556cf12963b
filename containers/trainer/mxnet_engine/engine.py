"""MXNet's side of `trainer.engine.Engine`."""

import mxnet as mx
import numpy as np

from trainer.engine import Engine, Labels, Learner
from trainer.hyperparameters import Hyperparameters
from trainer.mxnet_engine.learner import MXNetLearner
from trainer.mxnet_engine.network import build


class MXNetEngine:
    """MXNet 1.9.1."""

    name: str = "mxnet"
    title: str = "MXNet"
    packages: tuple[str, ...] = ("mxnet", "numpy", "onnx", "onnxruntime")
    decides: tuple[str, ...] = ("mxnet", "numpy")

    def accelerators(self) -> int:
        """Return how many GPUs MXNet sees; its CPU build sees none."""
        return int(mx.context.num_gpus())

    def build(self, network: str, asked: Hyperparameters, labels: Labels) -> Learner:
        """Return a new network on the first GPU, or the CPU."""
        context = mx.gpu() if self.accelerators() else mx.cpu()
        mx.random.seed(asked.seed)
        np.random.seed(asked.seed)  # noqa: NPY002 - MXNet's initialisers draw from the global state
        return MXNetLearner(
            build(network, labels, asked.side, asked.dropout, context), asked, labels, context
        )


ENGINE: Engine = MXNetEngine()
