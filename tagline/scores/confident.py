"""Which labels a model doubts: confident learning (Northcutt et al. 2021), a label at a time.

A label is doubted where the model's tags say the opposite and it is as sure of that as it is on
average of the images that the list labels so. The images must be others than it was trained on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagline.scores.ranking import InvalidScores

FEWEST_POSITIVES = 5  # of a label; the mean of fewer scores says nothing
LEAST_AP = 0.5  # of a label: who is more often wrong than right has no right to doubt


@dataclass(frozen=True)
class Doubts:
    """Pairs of image and label, (k,) each, the most doubtful first.

    `doubt` is in 0..1: the score of a label that is not given, 1 less that of one that is.
    """

    images: NDArray[np.int64]
    labels: NDArray[np.int64]
    doubt: NDArray[np.float64]


def doubts(
    scores: NDArray[np.floating],
    truth: NDArray[np.uint8],
    thresholds: NDArray[np.float64],
    ap: NDArray[np.float64],
) -> Doubts:
    """Return what a model's scores (n, L) doubt of truth (n, L).

    `thresholds` (L,) make tags of scores; `ap` (L,) is how well the model knows each label: one of
    less than LEAST_AP, or with fewer than FEWEST_POSITIVES, is not judged. Raises InvalidScores
    for shapes that do not fit.
    """
    if (
        scores.shape != truth.shape
        or scores.shape[1:] != thresholds.shape
        or ap.shape != thresholds.shape
    ):
        raise InvalidScores(
            f"scores {scores.shape}, truth {truth.shape}, thresholds "
            f"{thresholds.shape} and ap {ap.shape} do not fit together"
        )
    found = [
        _of_label(scores[:, j], truth[:, j], float(thresholds[j]))
        if _known(truth[:, j], ap[j])
        else np.zeros(0, np.int64)
        for j in range(scores.shape[1])
    ]
    images = np.concatenate([*found, np.zeros(0, np.int64)])
    labels = np.repeat(np.arange(len(found)), [len(some) for some in found])
    given = scores[images, labels].astype(np.float64)
    doubt = np.where(truth[images, labels] > 0, 1 - given, given)
    order = np.argsort(-doubt, kind="stable")
    return Doubts(images[order], labels[order], doubt[order])


def _known(truth: NDArray[np.uint8], ap: float) -> bool:
    positives = int(np.count_nonzero(truth))
    return FEWEST_POSITIVES <= positives < len(truth) and ap >= LEAST_AP


def _of_label(
    scores: NDArray[np.floating], truth: NDArray[np.uint8], threshold: float
) -> NDArray[np.int64]:
    """Return the images whose label is doubted."""
    scores = scores.astype(np.float64)
    there = truth > 0
    sure_of_it, sure_of_none = scores[there].mean(), scores[~there].mean()
    missing = ~there & (scores >= threshold) & (scores >= sure_of_it)
    surplus = there & (scores < threshold) & (scores <= sure_of_none)
    return np.flatnonzero(missing | surplus)
