"""A Gluon network and its trainer, as the training loop sees them."""

from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import autograd, gluon
from numpy.typing import NDArray

from trainer.data import RecordSet
from trainer.engine import Arrays, Images, Labels, Weights
from trainer.feed import Feed, MemoryFeed
from trainer.hyperparameters import Hyperparameters
from trainer.labels import LabelCounts
from trainer.losses import loss_of
from trainer.mxnet_engine.export import export
from trainer.mxnet_engine.network import Logits, as_input, parameters
from trainer.mxnet_engine.optimizers import optimizer
from trainer.team import Team

_IN_FLIGHT = 2  # batches the engine may have queued: it runs behind Python, memory must not


class MXNetLearner:
    """A network in training, with its optimizer, on one device."""

    def __init__(
        self, network: Logits, asked: Hyperparameters, counts: LabelCounts, context: Any, team: Team
    ) -> None:
        self.device, self.team = str(context), team
        self._single = asked.single
        self._network, self._context = network, context
        self._parameters = parameters(network)
        self._loss = loss_of(asked, counts, _Operations(context))
        self._losses: list[Any] = []
        self._optimizer = optimizer(asked.optimizer, asked.weight_decay)
        self._trainer = gluon.Trainer(list(self._parameters.values()), self._optimizer)

    def feed(self, records: RecordSet, kind: str) -> Feed:
        """Return batches from the machine's memory."""
        return MemoryFeed(records, kind)

    def step(self, images: Images, labels: Labels, rate: float) -> None:
        """Train on one batch; MXNet works behind Python's back."""
        truth = mx.nd.array(labels, ctx=self._context, dtype="float32")
        self._trainer.set_learning_rate(rate)
        with autograd.record():
            logits = self._network(as_input(images, self._context))
            loss = self._loss(logits, truth).mean(axis=1)
            total = loss * truth.shape[1]
        total.backward()
        self._trainer.step(len(images))
        self._losses.append(loss.mean())
        if len(self._losses) > _IN_FLIGHT:
            self._losses[-1 - _IN_FLIGHT].wait_to_read()

    def mean_loss(self) -> float:
        """Return the mean loss since it was asked last."""
        mean = float(np.mean([loss.asscalar() for loss in self._losses]))
        self._losses.clear()
        return mean

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return the logits (n, L) of images."""
        answers: NDArray[np.float32] = self._network(as_input(images, self._context)).asnumpy()
        return answers

    def weights(self) -> Weights:
        """Return a copy of all weights."""
        return {name: value.data().asnumpy() for name, value in self._parameters.items()}

    def set_weights(self, weights: Weights) -> None:
        """Put weights in place by name."""
        for name, values in weights.items():
            self._parameters[name].set_data(mx.nd.array(values))

    def quicken_head(self, times: float) -> None:
        """Multiply the last layer's learning rate."""
        for name, parameter in self._parameters.items():
            if name.startswith("head."):
                parameter.lr_mult = times

    def optimizer_state(self) -> Arrays:
        """Return what the optimizer remembers of each parameter."""
        states = self._updater.states
        return [part.asnumpy() for key in sorted(states) for part in _parts(states[key])]

    def set_optimizer_state(self, state: Arrays, steps: int) -> None:
        """Go on after so many steps."""
        self._optimizer.begin_num_update = self._optimizer.num_update = steps
        left = iter(state)
        for key, parameter in enumerate(self._parameters.values()):
            if parameter.grad_req != "null":
                empty = self._optimizer.create_state_multi_precision(key, parameter.data())
                for part in _parts(empty):
                    part[:] = mx.nd.array(next(left), ctx=self._context)
                self._updater.states[key] = empty
                self._updater.states_synced[key] = True

    def reseed(self, seed: int) -> None:
        """Seed MXNet's generators."""
        mx.random.seed(seed)

    def export(self, folder: Path, images: Images) -> NDArray[np.float32]:
        """Write model-symbol.json, model-0000.params and model.onnx."""
        return export(self._network, folder, images, single=self._single)

    @property
    def _updater(self) -> Any:
        # Gluon shows it as a file of pickled objects alone, and a checkpoint must not be code
        return self._trainer._updaters[0]  # noqa: SLF001


class _Operations:
    """What losses are written with, in MXNet."""

    relu, sigmoid = staticmethod(mx.nd.relu), staticmethod(mx.nd.sigmoid)
    abs, exp, log = staticmethod(mx.nd.abs), staticmethod(mx.nd.exp), staticmethod(mx.nd.log)

    def __init__(self, context: Any) -> None:
        self._context = context

    def constant(self, values: NDArray[np.float32]) -> Any:
        return mx.nd.array(values, ctx=self._context)

    def log_softmax(self, x: Any) -> Any:
        return mx.nd.log_softmax(x, axis=1)

    def softplus(self, x: Any) -> Any:
        return mx.nd.Activation(x, act_type="softrelu")


def _parts(state: Any) -> list[Any]:
    """Return the arrays of what an optimizer keeps of one parameter: none, one, or several."""
    if state is None:
        return []
    return list(state) if isinstance(state, tuple | list) else [state]
