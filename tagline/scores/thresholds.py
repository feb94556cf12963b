"""From scores to tags: thresholds of good F1 that hold for images they were not chosen on.

A tag is given when score >= threshold. The best threshold of a sample remembers the sample, most
of all a rare label's. So, by cross-fitting: thresholds are chosen on many random halves of the
images and their logits averaged; in each half a threshold is the middle of those that are nearly as
good as the best; and a label's own is drawn towards the one shared by all labels: with n positives
it counts n of n + pull. The pull is 40, unless another one does clearly better on the halves that
were kept out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagline.scores.ranking import Ranking, rank

Floats = NDArray[np.float64]
SUPPORT_FLOOR = 10  # positives below which a label's numbers say little
USUAL_PULL = 40.0
PULLS = (USUAL_PULL, np.inf, 160.0, 80.0, 20.0, 10.0)
UNKNOWN = 0.5  # when nothing is positive there is nothing to choose by
_CLEARLY = 0.02  # in macro + micro F1: less than that is the noise of few images
_NEARLY = 0.95  # share of the best F1 that is as good as it
_SHUFFLES, _FOLDS = 5, 5
_EDGE = 1e-6  # keeps logits finite


@dataclass(frozen=True)
class Thresholds:
    """Per label (L,) the threshold; the one shared by all; how strongly it drew the others.

    `chosen` (L,) is what was chosen where a person set another, NaN elsewhere.
    """

    values: Floats
    shared: float
    pull: float
    chosen: Floats | None = None

    def with_given(self, given: Floats) -> "Thresholds":
        """Return the thresholds with those in place that a person set: `given` (L,), else NaN."""
        known = ~np.isnan(given)
        values, chosen = np.where(known, given, self.values), np.where(known, self.values, np.nan)
        return replace(self, values=values, chosen=chosen)


@dataclass(frozen=True)
class F1:
    """F1 of tags: per label (L,), NaN without a positive; its mean; over all pairs together."""

    labels: Floats
    macro: float
    micro: float


def choose(scores: ArrayLike, truth: ArrayLike) -> Thresholds:
    """Return the thresholds for scores (n, L) in 0..1 against truth (n, L) of 0 and 1.

    Raises InvalidScores for shapes that differ or scores that are not finite.
    """
    values, marks = np.asarray(scores), np.asarray(truth)
    halves = [
        (kept, _fit(values[used], marks[used]))
        for shuffle in range(_SHUFFLES)
        for kept, used in _parts(len(values), 2, shuffle)
        if marks[used].any()
    ]
    if not halves:
        return Thresholds(np.full(values.shape[1], UNKNOWN), UNKNOWN, np.inf)
    reached = {pull: _kept_out(values, marks, halves, pull) for pull in PULLS}
    reached[USUAL_PULL] += _CLEARLY
    pull = max(reached, key=lambda pull: reached[pull])
    return _averaged(marks, [fit for _, fit in halves], pull)


def cross_fitted(scores: ArrayLike, truth: ArrayLike, given: Floats | None = None) -> F1:
    """Return the F1 of scores (n, L) where each image's thresholds were chosen on others.

    It tells what `choose` is worth without keeping images back: a fifth is tagged at a time.
    `given` (L,) are thresholds that a person set, NaN where none is.
    """
    values, marks = np.asarray(scores), np.asarray(truth)
    tags = np.zeros(values.shape, bool)
    for kept, used in _parts(len(values), _FOLDS, 0):
        limits = choose(values[used], marks[used])
        limits = limits if given is None else limits.with_given(given)
        tags[kept] = values[kept] >= limits.values
    return f1(tags, marks)


def f1(tags: ArrayLike, truth: ArrayLike) -> F1:
    """Return the F1 of tags (n, L) given, against those that are true (n, L)."""
    given, true = np.asarray(tags, bool), np.asarray(truth, bool)
    hits, counted = (given & true).sum(axis=0), given.sum(axis=0) + true.sum(axis=0)
    known = true.any(axis=0)
    labels = np.where(known, 2 * hits / np.maximum(counted, 1), np.nan)
    return F1(
        labels,
        float(labels[known].mean()) if known.any() else float("nan"),
        float(2 * hits.sum() / counted.sum()) if known.any() else float("nan"),
    )


def good_threshold(ranking: Ranking) -> float:
    """Return the centre of the thresholds whose F1 is nearly the best one, in 0..1.

    All between two neighbouring scores tag the same images; the stretch around the best that
    loses at most a twentieth counts, and a number in the middle of it is no score of its own, so
    that two runtimes which differ in a score's last digits agree.
    """
    if not ranking.positives:
        return UNKNOWN
    found = ranking.predicted + ranking.positives
    np.divide(ranking.true_positives, found, out=found)
    found *= 2  # in place: of all pairs of a large set there are many
    best = int(np.argmax(found))
    worse = found < _NEARLY * found[best]
    before, after = worse[:best][::-1], worse[best + 1 :]
    first = best - int(before.argmax()) if before.any() else 0
    last = best + int(after.argmax()) if after.any() else len(found) - 1
    upper = float(ranking.scores[first])
    lower = float(ranking.scores[last + 1]) if last + 1 < len(found) else 0.0
    middle = (upper + lower) / 2
    # neighbouring floats have no number between them; the tie must not move to the lower one
    return middle if lower < middle <= upper else upper


@dataclass(frozen=True)
class _Fit:
    """Of a sample, as logits: each label's own threshold (L,), NaN without a positive; the shared.

    `positives` (L,) are the whole sample's where it is a half of one.
    """

    own: Floats
    shared: float
    positives: NDArray[np.int64]

    def at(self, pull: float) -> Floats:
        """Return each label's threshold, drawn to the shared one, (L,)."""
        weight = self.positives / (self.positives + pull)
        own = np.where(np.isnan(self.own), self.shared, self.own)
        return _score(weight * own + (1 - weight) * self.shared)


def _fit(scores: NDArray[np.floating], truth: NDArray[np.integer]) -> _Fit:
    own, positives = np.full(scores.shape[1], np.nan), np.zeros(scores.shape[1], np.int64)
    for j in range(scores.shape[1]):  # of all labels rankings would take many times the scores
        ranking = rank(scores[:, j], truth[:, j])
        positives[j] = ranking.positives
        if ranking.positives:
            own[j] = good_threshold(ranking)
    shared = good_threshold(rank(scores.ravel(), truth.ravel()))
    return _Fit(_logit(own), float(_logit(shared)), positives)


def _averaged(truth: NDArray[np.integer], fits: Sequence[_Fit], pull: float) -> Thresholds:
    own = np.array([np.where(np.isnan(fit.own), fit.shared, fit.own) for fit in fits])
    shared = float(np.mean([fit.shared for fit in fits]))
    mean = _Fit(own.mean(axis=0), shared, truth.sum(axis=0, dtype=np.int64))
    return Thresholds(mean.at(pull), float(_score(shared)), pull)


def _parts(
    images: int, parts: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the images of each part and the others; one image is both."""
    place = np.random.default_rng(seed).permutation(images) % min(parts, images)
    for number in range(place.max() + 1):
        inside = place == number
        yield np.flatnonzero(inside), np.flatnonzero(~inside if images > 1 else inside)


def _kept_out(
    scores: NDArray[np.floating],
    truth: NDArray[np.integer],
    halves: Sequence[tuple[NDArray[np.int64], _Fit]],
    pull: float,
) -> float:
    """Return macro plus micro F1 of the images that each half's thresholds were not chosen on."""
    tags = [scores[kept] >= fit.at(pull) for kept, fit in halves]
    found = f1(np.concatenate(tags), np.concatenate([truth[kept] for kept, _ in halves]))
    return 0.0 if np.isnan(found.macro) else found.macro + found.micro


def _logit(value: ArrayLike) -> Floats:
    inside = np.clip(np.asarray(value, np.float64), _EDGE, 1 - _EDGE)
    logits: Floats = np.log(inside / (1 - inside))
    return logits


def _score(logit: ArrayLike) -> Floats:
    score: Floats = 1 / (1 + np.exp(-np.asarray(logit, np.float64)))
    return score
