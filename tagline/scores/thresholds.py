"""From scores to tags: the threshold of each label that gives it the best F1.

A tag is given when score >= threshold. Few positives make a threshold that only remembers them,
so labels below a floor of support share one threshold, chosen over all labels together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagline.scores.ranking import Ranking, rank

SUPPORT_FLOOR = 10  # positives a label needs for a threshold of its own
UNKNOWN = 0.5  # when nothing is positive there is nothing to choose by


@dataclass(frozen=True)
class Thresholds:
    """Per label (L,): the threshold, and the F1 it gives; NaN F1 where nothing is positive."""

    values: NDArray[np.float64]
    f1: NDArray[np.float64]
    shared: float


def choose(scores: ArrayLike, truth: ArrayLike, *, floor: int = SUPPORT_FLOOR) -> Thresholds:
    """Return the thresholds for scores (n, L) in 0..1 against truth (n, L) of 0 and 1.

    Raises InvalidScores for shapes that differ or scores that are not finite.
    """
    values, marks = np.asarray(scores), np.asarray(truth)
    shared = best_threshold(rank(values.ravel(), marks.ravel()))
    chosen, quality = [], []
    for j in range(values.shape[1]):
        ranking = rank(values[:, j], marks[:, j])
        own = ranking.positives >= max(1, floor)
        threshold = best_threshold(ranking) if own else shared
        chosen.append(threshold)
        quality.append(f1_at(ranking, threshold))
    return Thresholds(np.array(chosen, np.float64), np.array(quality, np.float64), shared)


def best_threshold(ranking: Ranking) -> float:
    """Return the threshold of the best F1: midway to the next lower score, in 0..1.

    Midway, so that a score which differs in its last digits between two runtimes falls on the
    same side. Of equal F1 the highest threshold wins: fewer tags, as good.
    """
    if not ranking.positives:
        return UNKNOWN
    best = int(np.argmax(_f1(ranking)))
    upper = float(ranking.scores[best])
    lower = float(ranking.scores[best + 1]) if best + 1 < len(ranking.scores) else 0.0
    middle = (upper + lower) / 2
    # Neighbouring floats have no number between them; the tie must not move to the lower one.
    return middle if lower < middle <= upper else upper


def f1_at(ranking: Ranking, threshold: float) -> float:
    """Return the F1 of tagging every image with score >= threshold; NaN without a positive."""
    if not ranking.positives:
        return float("nan")
    tagged = int(np.count_nonzero(ranking.scores >= threshold))
    return float(_f1(ranking)[tagged - 1]) if tagged else 0.0


def _f1(ranking: Ranking) -> NDArray[np.float64]:
    return 2 * ranking.true_positives / (ranking.predicted + ranking.positives)
