"""The reject option: from which confidence on an image's best label is given, else "unsure".

The confidence of an image is the score of its best label. Images of one confidence are given their
labels together or not at all.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagline.scores.single import Floats, best, checked, classes_of

NEVER = 1.0  # the threshold where no confidence is right often enough; a score of 1 still passes
_FOLDS = 5
_STEP = 1e-4  # below the lowest confidence, by which two runtimes never differ
_ROUNDING = 1e-9  # of images: 0.95 of 20 are 19


@dataclass(frozen=True)
class Given:
    """What becomes of images: the shares that are given a label, and of those are right.

    `accuracy` is NaN where none is given any.
    """

    answered: float
    accuracy: float


def choose(scores: NDArray[np.floating], truth: NDArray[np.uint8], accuracy: float) -> float:
    """Return the lowest confidence from which the share `accuracy` of given labels is right.

    It is of scores (n, L) against truth (n, L), in the middle between two confidences, so that two
    runtimes which differ in a score's last digits agree. Where every image may be answered it is
    the lowest that was seen, for nobody knows of lower ones; NEVER where no confidence is right
    often enough, and 0 where nothing has to be. Raises InvalidScores for what does not fit.
    """
    values = checked(scores, truth)
    if accuracy == 0:
        return 0.0
    if not len(values):
        return NEVER
    right = best(values) == classes_of(truth)
    confidence = values.max(axis=1).astype(np.float64)
    order = np.argsort(-confidence, kind="stable")
    confidence, right = confidence[order], right[order]
    ends = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True))
    enough = np.cumsum(right)[ends] >= accuracy * (ends + 1) - _ROUNDING
    if not enough.any():
        return NEVER
    last = int(ends[np.flatnonzero(enough)[-1]])
    if last == len(confidence) - 1:
        lowest = float(confidence[-1])
        return min(lowest, math.floor(lowest / _STEP) * _STEP)
    upper, lower = float(confidence[last]), float(confidence[last + 1])
    middle = (upper + lower) / 2
    return middle if lower < middle <= upper else upper


def given(scores: NDArray[np.floating], truth: NDArray[np.uint8], thresholds: Floats) -> Given:
    """Return what becomes of images whose best label needs its threshold, of (L,) or (n, L)."""
    values = checked(scores, truth)
    column = best(values)
    limits = np.broadcast_to(thresholds, values.shape)
    images = np.arange(len(values))
    told = values[images, column] >= limits[images, column]
    right = column == classes_of(truth)
    if not len(values):
        return Given(float("nan"), float("nan"))
    return Given(float(told.mean()), float(right[told].mean()) if told.any() else float("nan"))


def cross_fitted(
    scores: NDArray[np.floating],
    truth: NDArray[np.uint8],
    accuracy: float,
    by_hand: Floats,
) -> Given:
    """Return what becomes of images where each one's threshold was chosen on others.

    A fifth is looked at a time. `by_hand` (L,) are thresholds that a person set, else NaN.
    """
    values = checked(scores, truth)
    place = np.random.default_rng(0).permutation(len(values)) % max(1, min(_FOLDS, len(values)))
    limits = np.zeros(values.shape)
    for fold in range(_FOLDS):
        kept = place == fold
        used = ~kept if len(values) > 1 else kept
        limits[kept] = choose(values[used], truth[used], accuracy)
    return given(values, truth, np.where(np.isnan(by_hand), limits, by_hand))
