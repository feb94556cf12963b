"""MXNet's side of `trainer.engine.Engine`."""

import mxnet as mx
import numpy as np

from trainer.contract import JobRefused
from trainer.engine import Engine, Learner
from trainer.hyperparameters import Hyperparameters
from trainer.labels import LabelCounts
from trainer.mxnet_engine.learner import MXNetLearner
from trainer.mxnet_engine.network import build
from trainer.schedule import prior_bias
from trainer.team import ALONE, Hosts, Team


class MXNetEngine:
    """MXNet 1.9.1."""

    name: str = "mxnet"
    title: str = "MXNet"
    packages: tuple[str, ...] = ("mxnet", "numpy", "onnx", "onnxruntime")
    decides: tuple[str, ...] = ("mxnet", "numpy")

    def accelerators(self) -> int:
        """Return how many GPUs MXNet sees; its CPU build sees none."""
        return int(mx.context.num_gpus())

    def join(self, hosts: Hosts) -> Team:
        """Return a team of one: MXNet's own ways of sharing the work are not used here."""
        if len(hosts.names) > 1:
            raise JobRefused(
                f"MXNet trains on one machine, and this job has {len(hosts.names)}: "
                f"{', '.join(hosts.names)}; ask for training.engine: torch"
            )
        return ALONE

    def build(
        self, network: str, asked: Hyperparameters, counts: LabelCounts, team: Team = ALONE
    ) -> Learner:
        """Return a new network on the first GPU, or the CPU."""
        context = mx.gpu() if self.accelerators() else mx.cpu()
        mx.random.seed(asked.seed)
        np.random.seed(asked.seed)  # noqa: NPY002 - MXNet's initialisers draw from the global state
        bias = prior_bias(counts, single=asked.single)
        return MXNetLearner(
            build(network, bias, asked.side, asked.dropout, context),
            asked,
            counts,
            context,
            team,
        )


ENGINE: Engine = MXNetEngine()
