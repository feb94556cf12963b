"""The training loop: epochs over batches, the best epoch by the validation images kept.

Where weights are averaged, the average is what is judged and kept; training goes on from its own.

Each epoch ends with a checkpoint, from which a training that was ended goes on as if it had not
been: with one thread its parameters are the same to the byte.
"""

import math
import sys
import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tagline.scores.soundness import why_unsound
from trainer.answers import predict
from trainer.averaging import WeightAverage
from trainer.checkpoint import (
    BestEpoch,
    Checkpoint,
    Checkpoints,
    Progress,
    random_state,
    set_random_state,
)
from trainer.contract import JobRefused
from trainer.course import TrainingSet, course_of
from trainer.data import RecordSet
from trainer.engine import Arrays, Learner, Weights
from trainer.hyperparameters import Hyperparameters
from trainer.reached import better, reached, said, scores_of
from trainer.schedule import learning_rate
from trainer.watch import EndedEarly, Watch


@dataclass
class Best:
    """The best epoch so far and its weights, by parameter name.

    `ended_early` says why training ended before its last epoch, None where it did not;
    `interrupted` that this was no decision of its own.
    """

    numbers: BestEpoch
    weights: Weights
    ended_early: str | None = None
    interrupted: bool = False


class Witness(Protocol):
    """Who is shown each epoch as it is judged: the scores (n, L) of the validation images."""

    def __call__(
        self,
        epoch: int,
        learner: Learner,
        train: TrainingSet,
        validation: RecordSet,
        scores: NDArray[np.float32],
    ) -> None:
        """See an epoch, the first of which is 1."""


def nobody(
    epoch: int,
    learner: Learner,
    train: TrainingSet,
    validation: RecordSet,
    scores: NDArray[np.float32],
) -> None:
    """See nothing: a witness that nobody asked for."""


def fit(
    learner: Learner,
    train: TrainingSet,
    validation: RecordSet,
    asked: Hyperparameters,
    *,
    checkpoints: Checkpoints,
    watch: Watch,
    witness: Witness = nobody,
) -> Best:
    """Train and return the best epoch; prints the line of each epoch that metrics are read from.

    Goes on from the latest checkpoint. An epoch whose scores say nothing is not kept. Raises
    JobRefused when none is left, and when the loss, a parameter or a score is no longer a number.
    """
    rng = np.random.default_rng(asked.seed)
    loop = Loop(learner, train, asked, watch)
    best: Best | None = None
    fault, done = None, 0
    if found := learner.team.first(checkpoints.latest()):
        done, fault, best = _resume(found, loop, rng)
        if found.progress.job == checkpoints.job:
            watch.carry(found.progress.seconds)
        _say(f"going on from the checkpoint of epoch {done}")
    for epoch in range(done + 1, asked.epochs + 1):
        if _waited_enough(best, epoch - 1, asked):
            break
        started = time.monotonic()
        try:
            loss = loop.epoch(epoch, rng)
            learned, weights = loop.settle()
            logits = predict(learner, validation, asked.mini_batch_size, watch)
            learner.set_weights(learned)
        except EndedEarly as exc:
            return _ended_early(best, exc, epoch - 1, asked)
        if wrong := _no_numbers(loss, weights, logits):
            raise _diverged(epoch, wrong, asked)
        scores = scores_of(logits, asked.task)
        witness(epoch, learner, train, validation, scores)
        numbers = reached(epoch, loss, scores, validation.labels, asked.task)
        _say(f"{said(numbers)} seconds={time.monotonic() - started:.1f}")
        fault = why_unsound(scores, validation.labels, validation.different)
        if fault:
            _say(f"epoch {epoch} is not kept: {fault}")
        else:
            best = kept(best, numbers, weights)
        progress = Progress(
            fingerprint=checkpoints.fingerprint,
            job=checkpoints.job,
            epoch=epoch,
            seconds=watch.spent,
            best=best.numbers if best else None,
            fault=fault,
            random=random_state(rng),
        )
        checkpoints.save(
            Checkpoint(
                progress,
                weights=list(learned.values()),
                average=[] if weights is learned else list(weights.values()),
                best=[] if best is None or best.weights is weights else list(best.weights.values()),
                optimizer=learner.optimizer_state(),
            )
        )
    if best is None:
        raise _diverged(asked.epochs, fault or "no epoch was kept", asked)
    return best


def _no_numbers(loss: float, weights: Weights, logits: NDArray[np.float32]) -> str | None:
    """Return what of an epoch is not a finite number, or None."""
    if not math.isfinite(loss):
        return f"the loss is {loss}"
    if not all(np.isfinite(values).all() for values in weights.values()):
        return "the network's parameters are not numbers"
    return None if np.isfinite(logits).all() else "the network's answers are not numbers"


def _resume(
    found: Checkpoint, loop: "Loop", rng: np.random.Generator
) -> tuple[int, str | None, Best | None]:
    """Put network, optimizer, schedule and generators where they were; return what they reached."""
    progress = found.progress
    names = list(loop.learner.weights())
    weights = dict(zip(names, found.weights, strict=True))
    loop.learner.set_weights(weights)
    average = dict(zip(names, found.average, strict=True)) if found.average else {}
    loop.resume(progress.epoch, found.optimizer, average)
    set_random_state(progress.random, rng)
    if progress.best is None:
        return progress.epoch, progress.fault, None
    best = dict(zip(names, found.best, strict=True)) if found.best else average or weights
    return progress.epoch, progress.fault, Best(progress.best, best)


def _ended_early(best: Best | None, why: EndedEarly, epochs: int, asked: Hyperparameters) -> Best:
    told = f"{why} ended training after {epochs} of {asked.epochs} epochs"
    _say(told)
    if best is None:
        raise NoModelYet(f"{told}, none of which left a model: ask for a longer max_runtime")
    best.ended_early, best.interrupted = told, True
    return best


def _waited_enough(best: Best | None, epochs: int, asked: Hyperparameters) -> bool:
    """Return whether the best epoch is so long ago that training ends; says so then."""
    patience = asked.early_stopping_patience
    if best is None or not patience or epochs - _since(best.numbers) < patience:
        return False
    best.ended_early = (
        f"early stopping ended training after {epochs} of {asked.epochs} epochs: "
        f"the last {patience} were no better"
    )
    _say(best.ended_early)
    return True


def kept(best: Best | None, numbers: BestEpoch, weights: Weights) -> Best:
    """Return the better one of the best epoch so far and the one that has just ended."""
    if best is not None and not better(numbers, best.numbers):
        return best
    if best is not None and numbers.value == best.numbers.value:
        numbers = replace(numbers, since=_since(best.numbers))
    return Best(numbers, weights)


def _since(best: BestEpoch) -> int:
    return best.since or best.epoch


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


class Loop:
    """One epoch after the other over the same learner and schedule."""

    def __init__(
        self, learner: Learner, train: TrainingSet, asked: Hyperparameters, watch: Watch
    ) -> None:
        self.learner, self._asked, self._watch = learner, asked, watch
        self.course = course_of(learner, train, asked)
        self._step, self._steps = 0, self.course.steps * asked.epochs
        self.average = WeightAverage(asked.weight_averaging)

    def resume(self, epochs: int, optimizer: Arrays, average: Weights) -> None:
        """Go on after so many epochs with what the optimizer and the average remembered then."""
        self._step = epochs * self.course.steps
        self.learner.set_optimizer_state(optimizer, self._step)
        self.average.resume(self._step, average)

    def settle(self) -> tuple[Weights, Weights]:
        """Return what was learned so far, and what is to be judged of it, which is put in place."""
        learned = self.learner.weights()
        if not self._asked.weight_averaging:
            return learned, learned
        # of a team each has averaged the running statistics of its own images
        average = self.learner.team.first(self.average.settle(self.learner))
        self.learner.set_weights(average)
        return learned, average

    def epoch(self, epoch: int, rng: np.random.Generator) -> float:
        """Train on an epoch's batches and return the mean loss of a label.

        Raises EndedEarly between two batches.
        """
        self.learner.reseed((self._asked.seed + epoch) % 2**31)
        team = self.learner.team
        for images, labels in self.course.epoch(epoch, rng):
            self._watch.end(team.agree(self._watch.wish()))
            rate = learning_rate(self._asked.learning_rate, self._step, self._steps)
            self.learner.step(images, labels, rate)
            self._step += 1
            self.average.step(self.learner)
        return self.learner.mean_loss()
