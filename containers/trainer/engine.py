"""What a deep-learning framework does for the trainer, behind one small interface.

Everything else is common: data, hyperparameters, schedule, losses, augmentation, checkpoints, the
epochs, metrics, and what must be true of an export. An image holds one engine, and its variable
TRAINER_ENGINE names it.

Weights travel by Gluon's structured names, in every engine: the place of a block in its parent,
then `weight`, `bias`, or `gamma`, `beta`, `running_mean`, `running_var` of a batch normalisation,
such as `features.4.body.1.gamma` and `head.weight`. Convolutions are (out, in, height, width), the
last layer is (labels, features). So a numpy archive of them fits the same network of any engine.
"""

import importlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.contract import JobRefused
from trainer.hyperparameters import Hyperparameters
from trainer.labels import LabelCounts
from trainer.team import ALONE, Hosts, Team

if TYPE_CHECKING:  # they build on this module
    from trainer.data import RecordSet
    from trainer.feed import Feed

Images = NDArray[np.uint8]  # (n, S, S, 3), RGB
Labels = NDArray[np.uint8]  # (n, L), 0 or 1
Weights = dict[str, NDArray[np.float32]]  # by structured name, running statistics included
Arrays = list[NDArray[np.float32]]
Loss = Callable[[Any, Any], Any]  # logits and truth (n, L) to losses (n, L), the engine's arrays

ENGINES = ("mxnet", "torch")


class Operations(Protocol):
    """What losses are written with, beyond arithmetic: element by element, on engine arrays."""

    def constant(self, values: NDArray[np.float32]) -> Any:
        """Return the values as an array of the engine, on its device."""

    def relu(self, x: Any) -> Any:
        """Return max(x, 0)."""

    def softplus(self, x: Any) -> Any:
        """Return log(1 + e^x)."""

    def sigmoid(self, x: Any) -> Any:
        """Return 1 / (1 + e^-x)."""

    def abs(self, x: Any) -> Any:
        """Return |x|."""

    def exp(self, x: Any) -> Any:
        """Return e^x."""

    def log(self, x: Any) -> Any:
        """Return the natural logarithm of x."""

    def log_softmax(self, x: Any) -> Any:
        """Return the logarithms of e^x as shares of its row, of x (n, L); not by element."""


class Learner(Protocol):
    """A network in training, with its optimizer."""

    device: str
    team: Team
    """With whom it learns: each of them makes a step on its part of a batch at the same time."""

    def feed(self, records: "RecordSet", kind: str) -> "Feed":
        """Return where the batches of a training set come from, augmented by a kind."""

    def step(self, images: Any, labels: Any, rate: float) -> None:
        """Train on one batch of the feed at a learning rate.

        The loss of an image is summed over labels, so that a label's pull does not shrink as labels
        are added, and averaged over the batch. May return before the work is done.
        """

    def mean_loss(self) -> float:
        """Return the mean loss of a label over the steps since it was asked last.

        A team agrees on the running statistics then.
        """

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return the logits (n, L) of images as they will be served, nothing learned by it."""

    def weights(self) -> Weights:
        """Return a copy of all weights, in the network's order."""

    def set_weights(self, weights: Weights) -> None:
        """Put the weights of these names in place; the others stay. Raises KeyError."""

    def quicken_head(self, times: float) -> None:
        """Let the last layer learn so many times as fast as the others from now on."""

    def optimizer_state(self) -> Arrays:
        """Return what the optimizer remembers of each parameter, in the network's order."""

    def set_optimizer_state(self, state: Arrays, steps: int) -> None:
        """Go on after so many steps with what `optimizer_state` returned then."""

    def reseed(self, seed: int) -> None:
        """Seed the engine's own generator anew: its state cannot be kept in a checkpoint."""

    def export(self, folder: Path, images: Images) -> NDArray[np.float32]:
        """Write model.onnx and the engine's own files; return the network's scores of the images.

        The ONNX model has one input `data` (N, 3, S, S) float32 RGB 0..255 and one output `scores`
        (N, L) in 0..1, N free, which add up to 1 where each image has a single label.
        """


class Engine(Protocol):
    """A framework: it makes learners."""

    name: str
    title: str
    packages: tuple[str, ...]
    """Whose versions model.json tells."""
    decides: tuple[str, ...]
    """Those of them that the learned parameters depend on."""

    def accelerators(self) -> int:
        """Return how many GPUs there are to train on."""

    def join(self, hosts: Hosts) -> Team:
        """Return the team of a job's machines; raises JobRefused where it cannot be had."""

    def build(
        self, network: str, asked: Hyperparameters, counts: LabelCounts, team: Team = ALONE
    ) -> Learner:
        """Return a new network, seeded, for a training set of such labels.

        The last layer starts at the label frequencies (`schedule.prior_bias`).
        """


@cache
def current() -> Engine:
    """Return the engine of this image: the one TRAINER_ENGINE names, mxnet where nothing does."""
    name = os.environ.get("TRAINER_ENGINE", "mxnet")
    if name not in ENGINES:
        raise JobRefused(f"TRAINER_ENGINE is {name!r}; it must be one of {', '.join(ENGINES)}")
    engine: Engine = importlib.import_module(f"trainer.{name}_engine").ENGINE
    return engine
