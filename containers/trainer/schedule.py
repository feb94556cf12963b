"""Numbers that steer training: the learning rate of a step, the weight and bias of a label."""

import math

import numpy as np
from numpy.typing import NDArray

from trainer.labels import LabelCounts

_WARM_UP = 0.1  # share of all steps
_HEAVIEST = 10.0  # weight of a positive at most


def learning_rate(peak: float, step: int, steps: int) -> float:
    """Return the rate of a step: a linear warm-up, then half a cosine down to nothing."""
    warm_up = max(1, round(steps * _WARM_UP))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def positive_weights(counts: LabelCounts) -> NDArray[np.float32]:
    """Return the weight of each label's positives, (L,): root of negatives per positive, 1..10.

    The root, not the ratio: full balance makes a rare label shout over every other.
    """
    positives = counts.positives.astype(np.float64)
    ratio = (counts.images - positives) / np.maximum(positives, 1)
    weights: NDArray[np.float32] = np.clip(np.sqrt(ratio), 1, _HEAVIEST).astype(np.float32)
    return weights


def class_weights(counts: LabelCounts) -> NDArray[np.float32]:
    """Return what an image of each label counts, (L,), where it has that alone: 1 on average.

    By the root of how rare the label is, at most ten times the most frequent one's.
    """
    images = counts.positives.astype(np.float64)
    rarity = np.clip(np.sqrt(images.max() / np.maximum(images, 1)), 1, _HEAVIEST)
    weights: NDArray[np.float32] = (rarity * images.sum() / (rarity * images).sum()).astype(
        np.float32
    )
    return weights


def prior_bias(counts: LabelCounts, *, single: bool = False) -> NDArray[np.float64]:
    """Return the log-odds of each label's frequency, (L,): where the last layer's bias starts.

    Where each image has a single label it is the frequency's logarithm, of which softmax makes the
    frequency again. Rare labels need not first be learned to be rare (prior-bias initialisation,
    Lin et al. 2017).
    """
    share = np.clip(counts.shares, 1e-4, 1 - 1e-4)
    bias: NDArray[np.float64] = np.log(share if single else share / (1 - share))
    return bias
