"""The training loop: epochs over batches, the best epoch by validation mAP kept."""

import math
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import autograd, gluon
from numpy.typing import NDArray

from tagline.scores.ranking import Quality, quality
from tagline.scores.soundness import why_unsound
from trainer.augment import augment
from trainer.contract import JobRefused
from trainer.data import Images, RecordSet
from trainer.hyperparameters import Hyperparameters
from trainer.network import Logits
from trainer.schedule import learning_rate, positive_weights

_IN_FLIGHT = 2  # batches the engine may have queued: it runs behind Python, memory must not


@dataclass
class Best:
    """The best epoch so far and its weights, by parameter name."""

    epoch: int = 0
    loss: float = math.nan
    quality: Quality | None = None
    weights: dict[str, NDArray[np.float32]] = field(default_factory=dict)


def predict(network: Logits, records: RecordSet, size: int, context: Any) -> NDArray[np.float32]:
    """Return the logits of every image, (n, L), in file order."""
    parts = []
    for images in records.batches(size):
        # one batch shape throughout: another one would plan the network's memory anew
        missing = size - len(images)
        whole = np.concatenate([images, np.repeat(images[-1:], missing, 0)]) if missing else images
        parts.append(network(as_input(whole, context)).asnumpy()[: len(images)])
    return np.concatenate(parts)


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scores of logits as ONNX Runtime rounds them: beyond 17 they are 0 and 1."""
    certainty = 1 / (1 + np.exp(-np.abs(logits)))
    return np.where(logits < 0, 1 - certainty, certainty)


def as_input(images: Images, context: Any) -> Any:
    """Return images (n, S, S, 3) uint8 as the network's input (n, 3, S, S) float32."""
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32)
    return mx.nd.array(planes, ctx=context)


def fit(
    network: Logits, train: RecordSet, validation: RecordSet, asked: Hyperparameters, context: Any
) -> Best:
    """Train and return the best epoch; prints the line of each epoch that metrics are read from.

    An epoch whose scores say nothing is not kept. Raises JobRefused when none is left, and when the
    loss, a parameter or a score is no longer a number.
    """
    rng = np.random.default_rng(asked.seed)
    loop = _Loop(network, train, asked, context)
    best = Best()
    fault = None
    for epoch in range(1, asked.epochs + 1):
        started = time.monotonic()
        loss = loop.epoch(rng.permutation(len(train)), rng)
        if not math.isfinite(loss):
            raise _diverged(epoch, f"the loss is {loss}", asked)
        weights = _weights(network)
        if not all(np.isfinite(values).all() for values in weights.values()):
            raise _diverged(epoch, "the network's parameters are not numbers", asked)
        logits = predict(network, validation, asked.mini_batch_size, context)
        if not np.isfinite(logits).all():
            raise _diverged(epoch, "the network's answers are not numbers", asked)
        scores = sigmoid(logits)
        reached = quality(scores, validation.labels)
        sys.stdout.write(
            f"epoch={epoch} train:loss={loss:.6f} validation:mAP={reached.mean_ap:.6f} "
            f"validation:micro_ap={reached.micro_ap:.6f} seconds={time.monotonic() - started:.1f}\n"
        )
        fault = why_unsound(scores, validation.labels, validation.different)
        if fault:
            sys.stdout.write(f"epoch {epoch} is not kept: {fault}\n")
        elif best.quality is None or reached.mean_ap > best.quality.mean_ap:
            best = Best(epoch, loss, reached, weights)
        sys.stdout.flush()
    if fault and best.quality is None:
        raise _diverged(asked.epochs, fault, asked)
    return best


def _diverged(epoch: int, how: str, asked: Hyperparameters) -> JobRefused:
    return JobRefused(
        f"training diverged in epoch {epoch}: {how}; "
        f"try a learning_rate below {asked.learning_rate:g}"
    )


def restore(network: Logits, weights: dict[str, NDArray[np.float32]]) -> None:
    """Set a network's parameters to the weights of an epoch."""
    for name, parameter in network.collect_params().items():
        parameter.set_data(mx.nd.array(weights[name]))


class _Loop:
    """One epoch after the other over the same network, optimizer and schedule."""

    def __init__(
        self, network: Logits, train: RecordSet, asked: Hyperparameters, context: Any
    ) -> None:
        self._network, self._train, self._asked, self._context = network, train, asked, context
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
        self._trainer = gluon.Trainer(network.collect_params(), asked.optimizer, settings)

    def epoch(self, order: NDArray[np.int64], rng: np.random.Generator) -> float:
        """Train on one shuffle of the images and return the mean loss of a label."""
        size = self._asked.mini_batch_size
        losses: list[Any] = []
        for batch in range(self._batches):  # what does not fill a batch waits for another shuffle
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
            logits = self._network(as_input(images, self._context))
            loss = self._loss(logits, truth, None, self._weights)
            # summed over labels, so that a label's pull does not shrink as labels are added
            total = loss * truth.shape[1]
        total.backward()
        self._trainer.step(len(chosen))
        return loss.mean()


def _weights(network: Logits) -> dict[str, NDArray[np.float32]]:
    return {name: value.data().asnumpy() for name, value in network.collect_params().items()}
