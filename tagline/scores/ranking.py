"""How good a multi-label tagger's scores are: average precision, its means, and their spread.

Scores are (n,) or (n, L) finite floats, higher meaning more certain; truth has the same shape and
holds 0 or 1. A label without a positive has no average precision: NaN in arrays here, null in
files.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_MANY_PAIRS = 4_000_000


class InvalidScores(ValueError):
    """Scores and truth do not fit together, or a score is not a finite number."""


@dataclass(frozen=True)
class Ranking:
    """Images by falling score, cut where the score changes.

    true_positives and predicted are (k,) counts at the k distinct scores in `scores` (falling):
    how many images score at least that much, and how many of them carry the label.
    """

    scores: Floats
    true_positives: Floats
    predicted: Floats
    positives: int

    @property
    def precision(self) -> Floats:
        """Precision at each distinct score, (k,)."""
        return self.true_positives / self.predicted

    @property
    def recall(self) -> Floats:
        """Recall at each distinct score, (k,); NaN without a positive."""
        if not self.positives:
            return np.full(len(self.scores), np.nan)
        return self.true_positives / self.positives

    @property
    def average_precision(self) -> float:
        """Sum of (recall step x precision) over the distinct scores; NaN without a positive.

        The definition of scikit-learn's average_precision_score: no interpolation, and images
        of equal score are taken together, so their order in the list cannot matter.
        """
        if not self.positives:
            return float("nan")
        steps = np.diff(self.true_positives, prepend=0.0)
        return float(np.sum(steps * self.precision) / self.positives)


@dataclass(frozen=True)
class Quality:
    """A model's numbers on a set of images; `ap` and `support` are per label, (L,)."""

    ap: Floats
    support: NDArray[np.int64]
    mean_ap: float
    micro_ap: float
    baseline_map: float


def rank(scores: ArrayLike, truth: ArrayLike) -> Ranking:
    """Return the ranking of one label's scores (n,); raise InvalidScores if they cannot be."""
    values, marks = _checked(scores, truth, dimensions=1)
    order = np.argsort(-values, kind="stable")
    values, sorted_marks = values[order], marks[order]
    del order  # all pairs of a large set are ranked together: nothing is kept that is not needed
    ends = group_ends(values)
    found: Floats = values[ends].astype(np.float64)
    del values
    hits = np.cumsum(sorted_marks, dtype=np.uint32)[ends].astype(np.float64)
    ends += 1
    return Ranking(found, hits, ends.astype(np.float64), int(marks.sum()))


def group_ends(ordered: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the last position of each run of equal values in a sorted array (n,)."""
    if not len(ordered):
        return np.zeros(0, np.int64)
    last = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=last[:-1])
    return np.flatnonzero(last).astype(np.int64, copy=False)


def average_precision(scores: ArrayLike, truth: ArrayLike) -> float:
    """Return one label's average precision (see Ranking); NaN without a positive."""
    return rank(scores, truth).average_precision


def label_average_precision(scores: ArrayLike, truth: ArrayLike) -> Floats:
    """Return each label's average precision, (L,), for scores and truth (n, L)."""
    values, marks = _checked(scores, truth, dimensions=2)
    columns = range(values.shape[1])
    return np.array([average_precision(values[:, j], marks[:, j]) for j in columns], np.float64)


def micro_average_precision(scores: ArrayLike, truth: ArrayLike) -> float:
    """Return the average precision of all (image, label) pairs ranked together.

    Only scores that some pair with the label has add to it: of the others it is enough to know how
    many are above. So many pairs take the room of their sorted scores, and no more.
    """
    values, marks = _checked(scores, truth, dimensions=2)
    if values.size <= _MANY_PAIRS:
        return average_precision(values.ravel(), marks.ravel())
    if not marks.any():
        return float("nan")
    found, counts = np.unique(values[marks > 0], return_counts=True)
    every = np.sort(values, axis=None)
    predicted = len(every) - np.searchsorted(every, found[::-1], side="left")
    steps = counts[::-1]
    precision = np.cumsum(steps) / predicted
    return float(np.sum(steps * precision) / steps.sum())


def mean_average_precision(ap: ArrayLike) -> float:
    """Return the mean over labels with a positive; NaN when none has one."""
    known = np.asarray(ap, np.float64)
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else float("nan")


def baseline_map(truth: ArrayLike) -> float:
    """Return the mAP of always answering each label's frequency.

    A constant score ranks nothing, so a label's average precision is its prevalence.
    """
    marks = np.asarray(truth)
    prevalence = marks.mean(axis=0, dtype=np.float64) if len(marks) else np.zeros(marks.shape[1])
    return mean_average_precision(np.where(prevalence > 0, prevalence, np.nan))


def quality(scores: ArrayLike, truth: ArrayLike) -> Quality:
    """Return all numbers of scores (n, L) against truth (n, L)."""
    values, marks = _checked(scores, truth, dimensions=2)
    ap = label_average_precision(values, marks)
    return Quality(
        ap=ap,
        support=marks.sum(axis=0).astype(np.int64),
        mean_ap=mean_average_precision(ap),
        micro_ap=micro_average_precision(values, marks),
        baseline_map=baseline_map(marks),
    )


def _checked(
    scores: ArrayLike, truth: ArrayLike, *, dimensions: int
) -> tuple[NDArray[np.floating], NDArray[np.uint8]]:
    values, marks = np.asarray(scores), np.asarray(truth)
    if not np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float64)
    if values.shape != marks.shape or values.ndim != dimensions:
        raise InvalidScores(
            f"scores {values.shape} and truth {marks.shape} must have one shape "
            f"of {dimensions} dimension(s)"
        )
    if not np.isfinite(values).all():
        bad = np.argwhere(~np.isfinite(values))[0].tolist()
        raise InvalidScores(f"score at {bad} is not a finite number")
    if not ((marks == 0) | (marks == 1)).all():
        raise InvalidScores("truth may hold only 0 and 1")
    return values, marks.astype(np.uint8, copy=False)
