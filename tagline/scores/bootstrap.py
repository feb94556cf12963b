"""How sure it is that a model is better than another, or than chance, from a sample of images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagline.formats.models import FEWEST_IMAGES
from tagline.scores.ranking import InvalidScores, group_ends

_LARGEST_WORK = 400_000_000  # images x labels x rounds: some seconds on one core
_FEWEST_ROUNDS, MOST_ROUNDS = 100, 400
_BLOCK = 4_000_000  # images x rounds of one block: bounds the memory to about 100 MB
LEVEL = 0.95

Floats = NDArray[np.float64]
Scores = NDArray[np.floating]
Truth = NDArray[np.uint8]


@dataclass(frozen=True)
class Gain:
    """What one model has more of a metric than another, by `rounds` resamplings of the images.

    `probability` is the share of them in which it has more: half of those count in which both have
    the same, and it is never quite 0 or 1, which no sample can tell. `bound` is what the gain
    exceeds in the share `confidence` of them; between `low` and `high` lie the middle `level`.
    """

    value: float
    bound: float
    confidence: float
    probability: float
    low: float
    high: float
    level: float
    rounds: int


@dataclass(frozen=True)
class LabelGains:
    """The same of each label's average precision, (L,) each; NaN of a label without a positive.

    Only rounds count that drew a positive of the label.
    """

    value: Floats
    low: Floats
    high: Floats


def gain(
    challenger: Scores, champion: Scores, truth: Truth, *, confidence: float = 0.9, seed: int = 0
) -> Gain | None:
    """Return the gain of scores over others, all (n, L), against truth (n, L).

    Each round draws n images with replacement and judges both models on the same draw, over the
    labels that have a positive in it. None when fewer than two images or no positive exist.
    """
    found = gains(challenger, champion, truth, confidence=confidence, seed=seed)
    return found[0] if found else None


def gains(
    challenger: Scores, champion: Scores, truth: Truth, *, confidence: float = 0.9, seed: int = 0
) -> tuple[Gain, LabelGains] | None:
    """Return what `gain` does, and each label's, of the same draws."""
    _check(challenger, truth)
    _check(champion, truth)
    if _nothing_varies(truth):
        return None
    images, present = len(truth), np.flatnonzero(truth.any(axis=0))

    def differences(picks: NDArray[np.int64]) -> Floats:
        """Return each round's of each label, (rounds, L); NaN where it drew no positive."""
        draws = draws_of(picks)
        found = np.full((len(draws), truth.shape[1]), np.nan)
        for j in present:
            positive = draws @ truth[:, j] > 0
            mine = _weighted_ap(challenger[:, j], truth[:, j], draws)
            theirs = _weighted_ap(champion[:, j], truth[:, j], draws)
            found[positive, j] = (mine - theirs)[positive]
        return found

    rng, rounds = np.random.default_rng(seed), rounds_for(truth)
    blocks = (rng.integers(0, images, (size, images)) for size in sizes(rounds, images))
    found = np.concatenate([differences(picks) for picks in blocks])
    once = differences(np.arange(images)[None])
    return summary(float(means(once)[0]), means(found), confidence), label_gains(once[0], found)


def ap_intervals(scores: Scores, truth: Truth, *, seed: int = 0) -> LabelGains:
    """Return each label's average precision of scores (n, L), and between what it lies."""
    _check(scores, truth)
    images = len(truth)
    ones = np.ones((1, images))
    rng, rounds = np.random.default_rng(seed), rounds_for(truth)
    found = np.full((rounds, truth.shape[1]), np.nan)
    value = np.full(truth.shape[1], np.nan)
    present = np.flatnonzero(truth.any(axis=0))
    value[present] = [_weighted_ap(scores[:, j], truth[:, j], ones)[0] for j in present]
    begun = 0
    for size in sizes(rounds, images):
        draws = draws_of(rng.integers(0, images, (size, images)))
        for j in present:
            drawn = draws @ truth[:, j] > 0
            ap = _weighted_ap(scores[:, j], truth[:, j], draws)
            found[begun : begun + size, j] = np.where(drawn, ap, np.nan)
        begun += size
    return label_gains(value, found)


def draws_of(picks: NDArray[np.int64]) -> Floats:
    """Return how often each round picked each image, (rounds, n)."""
    images = picks.shape[1]
    return np.stack([np.bincount(row, minlength=images) for row in picks]).astype(np.float64)


def means(differences: Floats) -> Floats:
    """Return each round's mean over the labels that it drew a positive of; 0 where it drew none."""
    drawn = ~np.isnan(differences)
    found: Floats = np.where(drawn, differences, 0).sum(axis=1) / np.maximum(drawn.sum(axis=1), 1)
    return found


def label_gains(value: Floats, differences: Floats) -> LabelGains:
    """Return each label's value (L,), and between what it lies by its rounds (rounds, L)."""
    low, high = np.full((2, len(value)), np.nan)
    for j, column in enumerate(differences.T):
        drawn = column[~np.isnan(column)]
        if len(drawn):
            low[j], high[j] = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return LabelGains(value, low, high)


def gain_over_frequencies(
    scores: Scores, truth: Truth, *, confidence: float = 0.9, seed: int = 0
) -> Gain | None:
    """Return the gain of scores (n, L) over answering each label's frequency.

    A constant answer ranks nothing and has the prevalence for its average precision, which any
    ranking exceeds on average, one by dice too. So from FEWEST_IMAGES on a model is held against
    its own scores, handed to the images in another order each round. Fewer images would tell
    hardly any model from dice: there it is held against the prevalence. None as for `gain`.
    """
    _check(scores, truth)
    if len(truth) < FEWEST_IMAGES:
        return gain(scores, np.zeros_like(scores), truth, confidence=confidence, seed=seed)
    if _nothing_varies(truth):
        return None
    images, present = len(truth), np.flatnonzero(truth.any(axis=0))
    once = np.ones((1, images))

    def mean_ap(orders: NDArray[np.int64]) -> Floats:
        aps = [_weighted_ap(scores[:, j], truth[:, j][orders], once) for j in present]
        found: Floats = np.mean(aps, axis=0)
        return found

    rng, unchanged = np.random.default_rng(seed), np.arange(images)[None]
    blocks = (
        mean_ap(rng.permuted(np.repeat(unchanged, size, axis=0), axis=1))
        for size in sizes(rounds_for(truth), images)
    )
    found = mean_ap(unchanged) - np.concatenate(list(blocks))
    return summary(float(found.mean()), found, confidence)


def summary(value: float, found: Floats, confidence: float) -> Gain:
    """Return a gain of so much whose resamplings found these, (rounds,)."""
    tail = (1 - LEVEL) / 2
    low, bound, high = np.quantile(found, [tail, 1 - confidence, 1 - tail])
    better = np.count_nonzero(found > 0) + np.count_nonzero(found == 0) / 2
    return Gain(
        value=value,
        bound=float(bound),
        confidence=confidence,
        probability=float((better + 0.5) / (len(found) + 1)),
        low=float(low),
        high=float(high),
        level=LEVEL,
        rounds=len(found),
    )


def _check(scores: Scores, truth: Truth) -> None:
    if scores.shape != truth.shape:
        raise InvalidScores(f"scores {scores.shape} do not match truth {truth.shape}")


def _nothing_varies(truth: Truth) -> bool:
    return len(truth) < 2 or not truth.any()  # noqa: PLR2004 - one image has no spread


def rounds_for(truth: Truth) -> int:
    """Return how many rounds fit into some seconds."""
    return int(np.clip(_LARGEST_WORK // truth.size, _FEWEST_ROUNDS, MOST_ROUNDS))


def sizes(rounds: int, images: int) -> Iterator[int]:
    """Yield how many rounds each block has, so that a draw of so many images a round fits."""
    size = max(1, min(rounds, _BLOCK // images))
    for start in range(0, rounds, size):
        yield min(size, rounds - start)


def _weighted_ap(scores: Scores, truth: Truth, draws: Floats) -> Floats:
    """Return the average precision of every round, (rounds,); 0 where none is positive.

    `draws` (rounds or 1, n) counts how often an image was drawn; truth is (n,) or (rounds, n).
    """
    order = np.argsort(-scores, kind="stable")
    ends = group_ends(scores[order])
    weights = draws[:, order]
    predicted = np.cumsum(weights, axis=1)[:, ends]
    hits = np.cumsum(weights * truth[..., order], axis=1)[:, ends]
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    steps = np.diff(hits, axis=1, prepend=0.0)
    ap: Floats = (steps * precision).sum(axis=1) / np.maximum(hits[:, -1], 1.0)
    return ap
