"""The training loop: epochs over batches, the best epoch by validation mAP kept.

Each epoch ends with a checkpoint, from which a training that was ended goes on as if it had not
been: with one thread its parameters are the same to the byte.
"""

import math
import sys
import time
from dataclasses import dataclass
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import autograd, gluon
from numpy.typing import NDArray

from tagline.scores.ranking import quality
from tagline.scores.soundness import why_unsound
from trainer.answers import as_input, predict, sigmoid
from trainer.augment import augment
from trainer.checkpoint import (
    Arrays,
    BestEpoch,
    Checkpoint,
    Checkpoints,
    Progress,
    random_state,
    set_random_state,
)
from trainer.contract import JobRefused
from trainer.data import RecordSet
from trainer.hyperparameters import Hyperparameters
from trainer.network import Logits
from trainer.schedule import learning_rate, positive_weights
from trainer.watch import EndedEarly, Watch

_IN_FLIGHT = 2  # batches the engine may have queued: it runs behind Python, memory must not


@dataclass
class Best:
    """The best epoch so far and its weights, by parameter name.

    `ended_early` says why training ended before its last epoch, None where it did not.
    """

    numbers: BestEpoch
    weights: dict[str, NDArray[np.float32]]
    ended_early: str | None = None


def fit(
    network: Logits,
    train: RecordSet,
    validation: RecordSet,
    asked: Hyperparameters,
    context: Any,
    *,
    checkpoints: Checkpoints,
    watch: Watch,
) -> Best:
    """Train and return the best epoch; prints the line of each epoch that metrics are read from.

    Goes on from the latest checkpoint. An epoch whose scores say nothing is not kept. Raises
    JobRefused when none is left, and when the loss, a parameter or a score is no longer a number.
    """
    rng = np.random.default_rng(asked.seed)
    loop = _Loop(network, train, asked, context, watch)
    best: Best | None = None
    fault, done = None, 0
    if found := checkpoints.latest():
        done, fault, best = _resume(found, loop, rng)
        if found.progress.job == checkpoints.job:
            watch.carry(found.progress.seconds)
        _say(f"going on from the checkpoint of epoch {done}")
    for epoch in range(done + 1, asked.epochs + 1):
        started = time.monotonic()
        try:
            loss = loop.epoch(epoch, rng)
            weights = _weights(network)
            logits = predict(network, validation, asked.mini_batch_size, context, watch)
        except EndedEarly as exc:
            return _ended_early(best, exc, epoch - 1, asked)
        if wrong := _no_numbers(loss, weights, logits):
            raise _diverged(epoch, wrong, asked)
        scores = sigmoid(logits)
        reached = quality(scores, validation.labels)
        _say(
            f"epoch={epoch} train:loss={loss:.6f} validation:mAP={reached.mean_ap:.6f} "
            f"validation:micro_ap={reached.micro_ap:.6f} seconds={time.monotonic() - started:.1f}"
        )
        fault = why_unsound(scores, validation.labels, validation.different)
        if fault:
            _say(f"epoch {epoch} is not kept: {fault}")
        elif best is None or reached.mean_ap > best.numbers.mean_ap:
            best = Best(BestEpoch(epoch, loss, reached.mean_ap, reached.micro_ap), weights)
        progress = Progress(
            fingerprint=checkpoints.fingerprint,
            job=checkpoints.job,
            epoch=epoch,
            seconds=watch.spent,
            best=best.numbers if best else None,
            fault=fault,
            random=random_state(rng),
        )
        before = [] if best is None or best.weights is weights else list(best.weights.values())
        checkpoints.save(Checkpoint(progress, list(weights.values()), before, loop.state()))
    if best is None:
        raise _diverged(asked.epochs, fault or "no epoch was kept", asked)
    return best


def _no_numbers(
    loss: float, weights: dict[str, NDArray[np.float32]], logits: NDArray[np.float32]
) -> str | None:
    """Return what of an epoch is not a finite number, or None."""
    if not math.isfinite(loss):
        return f"the loss is {loss}"
    if not all(np.isfinite(values).all() for values in weights.values()):
        return "the network's parameters are not numbers"
    return None if np.isfinite(logits).all() else "the network's answers are not numbers"


def _resume(
    found: Checkpoint, loop: "_Loop", rng: np.random.Generator
) -> tuple[int, str | None, Best | None]:
    """Put network, optimizer, schedule and generators where they were; return what they reached."""
    progress = found.progress
    names = list(loop.network.collect_params())
    weights = dict(zip(names, found.weights, strict=True))
    restore(loop.network, weights)
    loop.resume(progress.epoch, found.optimizer)
    set_random_state(progress.random, rng)
    if progress.best is None:
        return progress.epoch, progress.fault, None
    best = dict(zip(names, found.best, strict=True)) if found.best else weights
    return progress.epoch, progress.fault, Best(progress.best, best)


def _ended_early(best: Best | None, why: EndedEarly, epochs: int, asked: Hyperparameters) -> Best:
    told = f"{why} ended training after {epochs} of {asked.epochs} epochs"
    _say(told)
    if best is None:
        raise NoModelYet(f"{told}, none of which left a model: ask for a longer max_runtime")
    best.ended_early = told
    return best


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _diverged(epoch: int, how: str, asked: Hyperparameters) -> JobRefused:
    return JobRefused(
        f"training diverged in epoch {epoch}: {how}; "
        f"try a learning_rate below {asked.learning_rate:g}"
    )


class NoModelYet(JobRefused):
    """Training was ended before an epoch left a model."""


def restore(network: Logits, weights: dict[str, NDArray[np.float32]]) -> None:
    """Set a network's parameters to the weights of an epoch."""
    for name, parameter in network.collect_params().items():
        parameter.set_data(mx.nd.array(weights[name]))


class _Loop:
    """One epoch after the other over the same network, optimizer and schedule."""

    def __init__(
        self, network: Logits, train: RecordSet, asked: Hyperparameters, context: Any, watch: Watch
    ) -> None:
        self.network, self._train, self._asked, self._context = network, train, asked, context
        self._watch = watch
        self._batches = len(train) // asked.mini_batch_size
        self._step, self._steps = 0, self._batches * asked.epochs
        self._loss = gluon.loss.SigmoidBinaryCrossEntropyLoss()
        self._weights = (
            mx.nd.array(positive_weights(train.labels)[None], ctx=context)
            if asked.use_weighted_loss
            else None
        )
        settings: dict[str, float] = {"wd": asked.weight_decay}
        if asked.optimizer in {"sgd", "nag"}:
            settings["momentum"] = 0.9
        self._optimizer = mx.optimizer.create(asked.optimizer, **settings)
        self._trainer = gluon.Trainer(list(network.collect_params().values()), self._optimizer)

    def state(self) -> Arrays:
        """Return what the optimizer remembers of each parameter, in the parameters' order."""
        states = self._updater.states
        return [part.asnumpy() for key in sorted(states) for part in _parts(states[key])]

    def resume(self, epochs: int, state: Arrays) -> None:
        """Go on after so many epochs with what `state` returned then."""
        self._step = epochs * self._batches
        self._optimizer.begin_num_update = self._optimizer.num_update = self._step
        left = iter(state)
        for key, parameter in enumerate(self.network.collect_params().values()):
            if parameter.grad_req != "null":
                empty = self._optimizer.create_state_multi_precision(key, parameter.data())
                for part in _parts(empty):
                    part[:] = mx.nd.array(next(left), ctx=self._context)
                self._updater.states[key] = empty
                self._updater.states_synced[key] = True

    @property
    def _updater(self) -> Any:
        # Gluon shows it as a file of pickled objects alone, and a checkpoint must not be code
        return self._trainer._updaters[0]  # noqa: SLF001

    def epoch(self, epoch: int, rng: np.random.Generator) -> float:
        """Train on one shuffle of the images and return the mean loss of a label.

        Raises EndedEarly between two batches.
        """
        mx.random.seed((self._asked.seed + epoch) % 2**31)  # its state cannot be kept
        size = self._asked.mini_batch_size
        order = rng.permutation(len(self._train))
        losses: list[Any] = []
        for batch in range(self._batches):  # what does not fill a batch waits for another shuffle
            self._watch.check()
            losses.append(self._update(order[batch * size : (batch + 1) * size], rng))
            if batch >= _IN_FLIGHT:
                losses[batch - _IN_FLIGHT].wait_to_read()
        return float(np.mean([loss.asscalar() for loss in losses]))

    def _update(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> Any:
        images = augment(self._train.images(chosen), self._asked.augmentation_type, rng)
        truth = mx.nd.array(self._train.labels[chosen], ctx=self._context, dtype="float32")
        rate = learning_rate(self._asked.learning_rate, self._step, self._steps)
        self._trainer.set_learning_rate(rate)
        self._step += 1
        with autograd.record():
            logits = self.network(as_input(images, self._context))
            loss = self._loss(logits, truth, None, self._weights)
            # summed over labels, so that a label's pull does not shrink as labels are added
            total = loss * truth.shape[1]
        total.backward()
        self._trainer.step(len(chosen))
        return loss.mean()


def _weights(network: Logits) -> dict[str, NDArray[np.float32]]:
    return {name: value.data().asnumpy() for name, value in network.collect_params().items()}


def _parts(state: Any) -> list[Any]:
    """Return the arrays of what an optimizer keeps of one parameter: none, one, or several."""
    if state is None:
        return []
    return list(state) if isinstance(state, tuple | list) else [state]
