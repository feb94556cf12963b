"""Scores of single labels made probabilities: temperature scaling (Guo et al. 2017).

The logarithms of an image's scores are divided by one temperature for all images and labels, and
made to add up to 1 again: no label moves past another.
"""

import numpy as np
from numpy.typing import NDArray

from tagline.scores.single import Floats, checked, classes_of

LOWEST = 1e-30  # what the logarithms see of a float32 score
COLDEST, HOTTEST = 0.05, 20.0
_STEPS = 60  # halvings of the logarithm of the temperature, which leave nothing to tell


def fit(scores: NDArray[np.floating], truth: NDArray[np.uint8]) -> float:
    """Return the most likely temperature of scores (n, L) that add up to 1 against truth (n, L).

    The truth is taken for a little less than sure, one image's worth of any label, so that a sample
    without a mistake makes no score 0 or 1. 1 for scores that are all alike. Raises InvalidScores
    for what does not fit together.
    """
    logits = logarithms(checked(scores, truth))
    images, labels = logits.shape
    target = np.full(logits.shape, 1 / labels / (images + 1))
    target[np.arange(images), classes_of(truth)] += images / (images + 1)
    if not images or not np.ptp(logits, axis=1).any():
        return 1.0
    wanted = (target * logits).sum()

    def too_hot(temperature: float) -> bool:
        """Return whether the likelihood still rises as the temperature falls: it has one top."""
        return bool((softmax(logits / temperature) * logits).sum() < wanted)

    low, high = np.log(COLDEST), np.log(HOTTEST)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if too_hot(float(np.exp(middle))) else (middle, high)
    return float(np.exp((low + high) / 2))


def scaled(scores: NDArray[np.floating], temperature: float) -> NDArray[np.float32]:
    """Return scores (n, L) at a temperature; at 1 divided by it they are what they were."""
    return softmax(logarithms(scores) / temperature).astype(np.float32)


def logarithms(scores: NDArray[np.floating]) -> Floats:
    """Return the logarithms of scores, which are kept from LOWEST on."""
    kept: Floats = np.log(np.maximum(np.asarray(scores, np.float64), LOWEST))
    return kept


def softmax(logits: NDArray[np.floating]) -> Floats:
    """Return e^x (n, L) as shares of its row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
