"""The losses, once for every engine: logits and truth in, a loss for each image and label out."""

from typing import Any

from trainer.engine import Labels, Loss, Operations
from trainer.hyperparameters import Hyperparameters
from trainer.schedule import positive_weights


def loss_of(asked: Hyperparameters, labels: Labels, ops: Operations) -> Loss:
    """Return the loss that a job asks for, over the labels (n, L) of its training set."""
    if not asked.use_weighted_loss:
        return lambda logits, truth: _cross_entropy(logits, truth, ops)
    extra = ops.constant(positive_weights(labels)[None]) - 1
    return lambda logits, truth: _weighted(logits, truth, extra, ops)


def _cross_entropy(logits: Any, truth: Any, ops: Operations) -> Any:
    """Return max(x, 0) - x z + log(1 + e^-|x|), which overflows nowhere."""
    return ops.relu(logits) - logits * truth + ops.softplus(-ops.abs(logits))


def _weighted(logits: Any, truth: Any, extra: Any, ops: Operations) -> Any:
    """Return the cross entropy with a positive counted `1 + extra` times, `extra` (1, L)."""
    weight = 1 + extra * truth
    softened = ops.softplus(-ops.abs(logits)) + ops.relu(-logits)
    return logits - logits * truth + weight * softened
