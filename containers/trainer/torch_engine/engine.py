"""PyTorch's side of `trainer.engine.Engine`."""

import torch

from trainer.engine import Engine, Labels, Learner
from trainer.hyperparameters import Hyperparameters
from trainer.torch_engine.devices import device
from trainer.torch_engine.learner import TorchLearner
from trainer.torch_engine.network import build


class TorchEngine:
    """PyTorch 2."""

    name: str = "torch"
    title: str = "PyTorch"
    packages: tuple[str, ...] = ("torch", "numpy", "onnx", "onnxruntime")
    decides: tuple[str, ...] = ("torch", "numpy")

    def accelerators(self) -> int:
        """Return how many GPUs there are."""
        return int(torch.cuda.device_count())

    def build(self, network: str, asked: Hyperparameters, labels: Labels) -> Learner:
        """Return a new network on the first GPU, or the CPU."""
        torch.manual_seed(asked.seed)
        return TorchLearner(
            build(network, labels, asked.side, asked.dropout), asked, labels, device()
        )


ENGINE: Engine = TorchEngine()
