"""Whether scores may be read as probabilities: how often labels are there that score so much."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagline.scores.ranking import InvalidScores

BINS = 10
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reliability:
    """Scores in BINS equal parts of 0..1, an edge belonging to the lower one; all (..., BINS).

    `images` counts what scores so much, `positives` what of it carries the label, `scores` sums.
    """

    images: NDArray[np.int64]
    positives: NDArray[np.int64]
    scores: Floats

    @property
    def mean_score(self) -> Floats:
        """Mean score of each bin; NaN of an empty one."""
        return _share(self.scores, self.images)

    @property
    def frequency(self) -> Floats:
        """Share of each bin that carries the label; NaN of an empty one."""
        return _share(self.positives, self.images)

    @property
    def error(self) -> Floats:
        """Expected calibration error, (...): the bins' mean gap of score and frequency, by images.

        NaN without an image.
        """
        gaps = np.abs(self.scores - self.positives).sum(axis=-1)
        return _share(gaps, self.images.sum(axis=-1))

    @property
    def together(self) -> "Reliability":
        """Return all labels' in one, (BINS,)."""
        return Reliability(
            self.images.reshape(-1, BINS).sum(axis=0),
            self.positives.reshape(-1, BINS).sum(axis=0),
            self.scores.reshape(-1, BINS).sum(axis=0),
        )


def reliability(scores: NDArray[np.floating], truth: NDArray[np.uint8]) -> Reliability:
    """Return each label's reliability, (L, BINS), of scores (n, L) in 0..1 against truth (n, L).

    Raises InvalidScores for shapes that differ, and for a score that is no probability.
    """
    if scores.shape != truth.shape:
        raise InvalidScores(f"scores {scores.shape} do not match truth {truth.shape}")
    if not ((scores >= 0) & (scores <= 1)).all():
        raise InvalidScores("a score is not in 0..1")
    edges = np.linspace(0, 1, BINS + 1)[1:-1]
    labels = scores.shape[1]
    images, positives = np.zeros((2, labels, BINS), np.int64)
    sums = np.zeros((labels, BINS))
    for j in range(labels):  # a column at a time bounds the memory
        column = scores[:, j].astype(np.float64)
        place = np.searchsorted(edges, column)
        images[j] = np.bincount(place, minlength=BINS)
        positives[j] = np.bincount(place[truth[:, j] > 0], minlength=BINS)
        sums[j] = np.bincount(place, column, BINS)
    return Reliability(images, positives, sums)


def _share(part: NDArray[np.generic], whole: NDArray[np.int64]) -> Floats:
    filled: Floats = np.divide(
        part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0
    )
    return filled
