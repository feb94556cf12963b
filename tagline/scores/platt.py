"""Scores made probabilities, label by label: after Platt 1999, fitted as Lin, Lin and Weng 2007 do.

A curve is sigmoid(slope * logit(score) + offset) with slope > 0: it moves no image past another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagline.formats.models import Curve
from tagline.scores.ranking import InvalidScores

FEWEST = 10  # images with a label, and without it, from which on it gets a curve
LEAST_SLOPE = 0.01  # below it scores hardly tell anything, and float32 would make many of them one
LOWEST, HIGHEST = 1e-30, 1 - 2.0**-24  # what the logarithms see of a float32 score
_STEPS, _PRECISION, _RIDGE = 100, 1e-10, 1e-12
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """A slope and an offset for each label, (L,) each; NaN of one whose scores are left alone."""

    slope: Floats
    offset: Floats

    @classmethod
    def of(cls, found: Mapping[str, Curve], labels: Sequence[str]) -> "Curves":
        """Return the curves that model.json names, in the order of `labels`."""
        there = [found.get(label) for label in labels]
        return cls(
            np.array([curve.slope if curve else np.nan for curve in there]),
            np.array([curve.offset if curve else np.nan for curve in there]),
        )

    def named(self, labels: Sequence[str]) -> dict[str, Curve]:
        """Return them as model.json has them, of the labels that have one."""
        return {
            labels[int(j)]: Curve(slope=float(self.slope[j]), offset=float(self.offset[j]))
            for j in np.flatnonzero(self.fitted)
        }

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """Which labels have a curve, (L,)."""
        there: NDArray[np.bool_] = ~np.isnan(self.slope)
        return there

    def calibrated(self, scores: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return scores (n, L) as probabilities."""
        return self._moved(scores, self.slope * logit(scores) + self.offset)

    def before(self, calibrated: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return what `calibrated` (n, L) was made of, as near as float32 lets it be told."""
        return self._moved(calibrated, (logit(calibrated) - self.offset) / self.slope)

    def _moved(self, scores: NDArray[np.floating], logits: Floats) -> NDArray[np.float32]:
        moved = _sigmoid(np.where(self.fitted, logits, 0))
        return np.where(self.fitted, moved, scores).astype(np.float32)


def fit(scores: NDArray[np.floating], truth: NDArray[np.uint8]) -> Curves:
    """Return the curves of scores (n, L) in 0..1 against truth (n, L).

    A label is left alone that fewer than FEWEST images carry or lack, and one whose images do not
    score more than the others. Raises InvalidScores for shapes that differ.
    """
    if scores.shape != truth.shape:
        raise InvalidScores(f"scores {scores.shape} do not match truth {truth.shape}")
    found = np.full((2, scores.shape[1]), np.nan)
    positives = np.count_nonzero(truth, axis=0)
    enough = np.minimum(positives, len(truth) - positives) >= FEWEST
    for j in np.flatnonzero(enough):
        line = _line(logit(scores[:, j]), truth[:, j] > 0)
        if line[0] >= LEAST_SLOPE:
            found[:, j] = line
    return Curves(*found)


def logit(scores: NDArray[np.floating]) -> Floats:
    """Return the logarithm of the odds of scores, which are kept in LOWEST..HIGHEST."""
    kept = np.clip(np.asarray(scores, np.float64), LOWEST, HIGHEST)
    odds: Floats = np.log(kept) - np.log1p(-kept)
    return odds


def _line(logits: Floats, true: NDArray[np.bool_]) -> Floats:
    """Return slope and offset (2,) of the most likely curve, by Newton's method.

    The truth is taken for a little less than sure, as Platt does: no sample makes a score 0 or 1.
    Logits that are all alike tell nothing: slope 0.
    """
    n, p = len(true), int(true.sum())
    if not np.ptp(logits):
        return np.zeros(2)
    target = np.where(true, (p + 1) / (p + 2), 1 / (n - p + 2))
    inputs = np.stack([logits, np.ones(n)])
    line = np.array([0.0, np.log((p + 1) / (n - p + 1))])
    loss = _loss(line @ inputs, target)
    for _ in range(_STEPS):
        given = _sigmoid(line @ inputs)
        gradient = inputs @ (given - target)
        if np.abs(gradient).max() <= _PRECISION * n:
            break
        curvature = (inputs * (given * (1 - given))) @ inputs.T + _RIDGE * np.eye(2)
        step, share = np.linalg.solve(curvature, gradient), 1.0
        while share > _PRECISION:  # halved until it is better
            there = line - share * step
            if (lower := _loss(there @ inputs, target)) < loss:
                line, loss = there, lower
                break
            share /= 2
        else:
            break
    return line


def _loss(logits: Floats, target: Floats) -> float:
    return float((np.logaddexp(0, logits) - target * logits).sum())


def _sigmoid(logits: Floats) -> Floats:
    values: Floats = np.exp(-np.logaddexp(0, -logits))
    return values
