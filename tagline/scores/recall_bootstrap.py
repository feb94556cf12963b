"""How sure it is that a model's macro recall is higher than another's, or than chance.

As `tagline.scores.bootstrap` does it for average precision: each round draws as many images with
replacement and judges both models on the same draw, over the labels that it drew an image of.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tagline.formats.models import FEWEST_IMAGES
from tagline.scores.bootstrap import (
    LEVEL,
    Gain,
    LabelGains,
    draws_of,
    label_gains,
    means,
    rounds_for,
    sizes,
    summary,
)
from tagline.scores.single import Floats, best, checked, classes_of, hits

Scores = NDArray[np.floating]
Truth = NDArray[np.uint8]


def gains(
    challenger: Scores, champion: Scores, truth: Truth, *, confidence: float = 0.9, seed: int = 0
) -> tuple[Gain, LabelGains] | None:
    """Return the gain in macro recall of scores (n, L) over others, and each label's in recall.

    None with fewer than two images. Raises InvalidScores for what does not fit together.
    """
    mine, theirs = (_right(scores, truth) for scores in (challenger, champion))
    if len(truth) < 2:  # noqa: PLR2004 - one image has no spread
        return None
    found = _drawn(truth, seed, lambda draws: _recalls(draws, mine - theirs, truth))
    once = _recalls(np.ones((1, len(truth))), mine - theirs, truth)
    value = float(means(once)[0])
    return summary(value, means(found), confidence), label_gains(once[0], found)


def gain_over_chance(
    scores: Scores, truth: Truth, *, confidence: float = 0.9, seed: int = 0
) -> Gain | None:
    """Return the gain in macro recall of scores (n, L) over one answer for all images.

    From FEWEST_IMAGES on a model is held against its own answers, handed to the images in another
    order each round: some order beats a constant one by dice. None with fewer than two images.
    """
    right = _right(scores, truth)
    images = len(truth)
    if images < 2:  # noqa: PLR2004 - one image has no spread
        return None
    if images < FEWEST_IMAGES:
        always = np.zeros(scores.shape)
        always[:, np.argmax(truth.sum(axis=0))] = 1
        found = gains(scores, always, truth, confidence=confidence, seed=seed)
        return found[0] if found else None
    classes, answered = classes_of(truth), best(scores)
    support = truth.sum(axis=0, dtype=np.float64)
    weight = 1 / support[classes] / np.count_nonzero(support)  # of an image in the macro recall
    rng, rounds = np.random.default_rng(seed), rounds_for(truth)
    unchanged = np.arange(images)[None]
    chance = np.concatenate(
        [
            (answered[rng.permuted(np.repeat(unchanged, size, axis=0), axis=1)] == classes) @ weight
            for size in sizes(rounds, images)
        ]
    )
    found_gain = float(right @ weight) - chance
    return summary(float(found_gain.mean()), found_gain, confidence)


def macro_recall_interval(scores: Scores, truth: Truth, *, seed: int = 0) -> tuple[float, float]:
    """Return between what the middle 95 % of the macro recall lies; NaN without an image."""
    right = _right(scores, truth)
    if not len(truth):
        return float("nan"), float("nan")
    return _middle(_drawn(truth, seed, lambda draws: means(_recalls(draws, right, truth))))


def top_interval(scores: Scores, truth: Truth, most: int, *, seed: int = 0) -> tuple[float, float]:
    """Return between what the middle 95 % of the share lies whose label is among the best."""
    found = hits(checked(scores, truth), classes_of(truth), most).astype(np.float64)
    if not len(truth):
        return float("nan"), float("nan")
    return _middle(_drawn(truth, seed, lambda draws: draws @ found / len(truth)))


def _right(scores: Scores, truth: Truth) -> Floats:
    """Return 1 of the images whose best label is theirs, 0 of the others, (n,)."""
    right: Floats = (best(checked(scores, truth)) == classes_of(truth)).astype(np.float64)
    return right


def _recalls(draws: Floats, right: Floats, truth: Truth) -> Floats:
    """Return the mean of `right` over each label's images in each round, (rounds, L).

    NaN where a round drew none. `draws` (rounds, n) counts how often each image was drawn.
    """
    marks = truth.astype(np.float64)
    support = draws @ marks
    total = (draws * right) @ marks
    recalls: Floats = np.divide(
        total, support, out=np.full(support.shape, np.nan), where=support > 0
    )
    return recalls


def _drawn(truth: Truth, seed: int, judged: Callable[[Floats], Floats]) -> Floats:
    """Return what is judged of every round, the rounds first."""
    images, rng = len(truth), np.random.default_rng(seed)
    found: Floats = np.concatenate(
        [
            judged(draws_of(rng.integers(0, images, (size, images))))
            for size in sizes(rounds_for(truth), images)
        ]
    )
    return found


def _middle(found: Floats) -> tuple[float, float]:
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
