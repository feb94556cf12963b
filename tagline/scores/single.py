"""How good scores are where each image has exactly one label: the best label is the answer.

Scores are (n, L) finite floats, truth (n, L) holds 0 or 1, one 1 a row. Of labels that score the
same the first is the better one. A label that no image has has no recall, and one that is nobody's
answer no precision: NaN in arrays here, null in files.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagline.scores.ranking import InvalidScores

TOP = 5  # labels that `top5` looks at; with as many or fewer it says nothing
_LEAST = 1e-30  # of a score in a logarithm
Floats = NDArray[np.float64]
Classes = NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """A model's answers: `confusion` (L, L) counts images, a row for each true label.

    `top1` and `top5` are shares of the images, `top5` None with TOP labels or fewer;
    `cross_entropy` is in nats, NaN of scores that are no probabilities.
    """

    confusion: NDArray[np.int64]
    top1: float
    top5: float | None
    cross_entropy: float

    @property
    def support(self) -> NDArray[np.int64]:
        """Images that have each label, (L,)."""
        counts: NDArray[np.int64] = self.confusion.sum(axis=1)
        return counts

    @property
    def recall(self) -> Floats:
        """Share of each label's images whose answer it is, (L,)."""
        return _share(np.diag(self.confusion), self.support)

    @property
    def precision(self) -> Floats:
        """Share of the images whose answer is a label that have it, (L,)."""
        return _share(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def f1(self) -> Floats:
        """Harmonic mean of each label's recall and precision, (L,); NaN without an image."""
        found = _share(2 * np.diag(self.confusion), self.support + self.confusion.sum(axis=0))
        values: Floats = np.where(self.support > 0, found, np.nan)
        return values

    @property
    def macro_recall(self) -> float:
        """The mean of the recalls of labels that an image has; NaN without an image."""
        return mean(self.recall)

    @property
    def baseline(self) -> float:
        """The macro recall of one answer for all images."""
        there = int(np.count_nonzero(self.support))
        return 1 / there if there else float("nan")


def answers(scores: ArrayLike, truth: ArrayLike) -> Answers:
    """Return the numbers of scores (n, L) against truth (n, L).

    Raises InvalidScores for shapes that differ, for scores that are not finite, and for a row that
    has not exactly one label.
    """
    values = checked(scores, truth)
    classes = classes_of(truth)
    images, labels = values.shape
    confusion = np.zeros((labels, labels), np.int64)
    np.add.at(confusion, (classes, best(values)), 1)
    return Answers(
        confusion=confusion,
        top1=top(values, classes, 1),
        top5=top(values, classes, TOP) if labels > TOP else None,
        cross_entropy=_cross_entropy(values[np.arange(images), classes]),
    )


def checked(scores: ArrayLike, truth: ArrayLike) -> NDArray[np.floating]:
    """Return scores as an array; raises InvalidScores where they and truth do not fit."""
    values, marks = np.asarray(scores), np.asarray(truth)
    if not np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float64)
    if values.ndim != 2 or values.shape != marks.shape:  # noqa: PLR2004 - images and labels
        raise InvalidScores(f"scores {values.shape} do not match truth {marks.shape}")
    if not np.isfinite(values).all():
        bad = np.argwhere(~np.isfinite(values))[0].tolist()
        raise InvalidScores(f"score at {bad} is not a finite number")
    return values


def classes_of(truth: ArrayLike) -> Classes:
    """Return each image's label by its column, (n,); raises InvalidScores for none or several."""
    marks = np.asarray(truth)
    wrong = np.flatnonzero((marks != 0).sum(axis=1) != 1)
    if len(wrong):
        count = int((marks[wrong[0]] != 0).sum())
        raise InvalidScores(f"image {int(wrong[0])} has {count} labels and not exactly one")
    classes: Classes = marks.argmax(axis=1)
    return classes


def best(scores: NDArray[np.floating]) -> Classes:
    """Return the best label of each image, (n,); the first of several that score the same."""
    columns: Classes = scores.argmax(axis=1)
    return columns


def hits(scores: NDArray[np.floating], classes: Classes, most: int) -> NDArray[np.bool_]:
    """Return which images have their label among the best `most`, (n,)."""
    own = scores[np.arange(len(scores)), classes][:, None]
    before = np.arange(scores.shape[1]) < classes[:, None]
    better = (scores > own) | ((scores == own) & before)
    found: NDArray[np.bool_] = better.sum(axis=1) < most
    return found


def top(scores: NDArray[np.floating], classes: Classes, most: int) -> float:
    """Return the share of images that have their label among the best `most`; NaN without one."""
    return float(hits(scores, classes, most).mean()) if len(scores) else float("nan")


def mean(values: Floats) -> float:
    """Return the mean of those that are numbers; NaN where none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _cross_entropy(scores: NDArray[np.floating]) -> float:
    if not len(scores) or (scores < 0).any():
        return float("nan")
    return float(-np.log(np.maximum(scores.astype(np.float64), _LEAST)).mean())


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Floats:
    filled: Floats = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return filled
