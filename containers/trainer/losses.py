"""The losses, once for every engine: logits and truth in, a loss for each image and label out."""

from typing import Any

import numpy as np

from trainer.engine import Loss, Operations
from trainer.hyperparameters import Hyperparameters
from trainer.labels import LabelCounts
from trainer.schedule import class_weights, positive_weights

# of the asymmetric loss, as in Ridnik et al. 2021: how much easy negatives are passed over, and the
# probability up to which a negative counts as nothing at all
_FOCUS, _MARGIN = 4, 0.05


def loss_of(asked: Hyperparameters, counts: LabelCounts, ops: Operations) -> Loss:
    """Return the loss that a job asks for, over the labels of its training set.

    With `label_smoothing` e the truth z of a label becomes z + e (f - z) for its frequency f in
    that set: less sure of each image, and as frequent as before.
    """
    loss = _loss_of_one(asked, counts, ops) if asked.single else _loss_of(asked.loss, counts, ops)
    if not asked.label_smoothing:
        return loss
    share = asked.label_smoothing
    common = ops.constant(share * counts.shares.astype(np.float32)[None])
    return lambda logits, truth: loss(logits, truth * (1 - share) + common)


def _loss_of(name: str, counts: LabelCounts, ops: Operations) -> Loss:
    if name == "asymmetric":
        return lambda logits, truth: _asymmetric(logits, truth, ops)
    if name == "bce":
        return lambda logits, truth: _cross_entropy(logits, truth, ops)
    extra = ops.constant(positive_weights(counts)[None]) - 1
    return lambda logits, truth: _weighted(logits, truth, extra, ops)


def _loss_of_one(asked: Hyperparameters, counts: LabelCounts, ops: Operations) -> Loss:
    """Return -w z log softmax(x) of each label: their sum is the cross entropy of an image.

    w is 1, or `weighted` by how rare the label is.
    """
    if asked.loss != "weighted":
        return lambda logits, truth: -ops.log_softmax(logits) * truth
    weights = ops.constant(class_weights(counts)[None])
    return lambda logits, truth: -weights * ops.log_softmax(logits) * truth


def _cross_entropy(logits: Any, truth: Any, ops: Operations) -> Any:
    """Return max(x, 0) - x z + log(1 + e^-|x|), which overflows nowhere."""
    return ops.relu(logits) - logits * truth + ops.softplus(-ops.abs(logits))


def _weighted(logits: Any, truth: Any, extra: Any, ops: Operations) -> Any:
    """Return the cross entropy with a positive counted `1 + extra` times, `extra` (1, L)."""
    weight = 1 + extra * truth
    softened = ops.softplus(-ops.abs(logits)) + ops.relu(-logits)
    return logits - logits * truth + weight * softened


def _asymmetric(logits: Any, truth: Any, ops: Operations) -> Any:
    """Return the cross entropy with easy negatives passed over: -z log p - (1 - z) q^4 log(1 - q).

    p is the score, and q what of it is above the margin.
    """
    beyond = ops.relu(ops.sigmoid(logits) - _MARGIN)
    negative = -(beyond**_FOCUS) * ops.log(1 - beyond)
    positive = ops.softplus(-ops.abs(logits)) + ops.relu(-logits)
    return truth * positive + (1 - truth) * negative
