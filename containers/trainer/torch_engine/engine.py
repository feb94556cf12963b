"""PyTorch's side of `trainer.engine.Engine`."""

import torch

from trainer.engine import Engine, Learner
from trainer.hyperparameters import Hyperparameters
from trainer.labels import LabelCounts
from trainer.schedule import prior_bias
from trainer.team import ALONE, Hosts, Team
from trainer.torch_engine.devices import device
from trainer.torch_engine.learner import TorchLearner
from trainer.torch_engine.network import build
from trainer.torch_engine.team import join


class TorchEngine:
    """PyTorch 2."""

    name: str = "torch"
    title: str = "PyTorch"
    packages: tuple[str, ...] = ("torch", "numpy", "onnx", "onnxruntime")
    decides: tuple[str, ...] = ("torch", "numpy")

    def accelerators(self) -> int:
        """Return how many GPUs there are."""
        return int(torch.cuda.device_count())

    def join(self, hosts: Hosts) -> Team:
        """Return the processes of all machines, one a GPU."""
        return join(hosts)

    def build(
        self, network: str, asked: Hyperparameters, counts: LabelCounts, team: Team = ALONE
    ) -> Learner:
        """Return a new network on this process's GPU, or the CPU."""
        torch.manual_seed(asked.seed)
        bias = prior_bias(counts, single=asked.single)
        made = build(network, bias, asked.side, asked.dropout)
        return TorchLearner(made, asked, counts, device(), team)


ENGINE: Engine = TorchEngine()
