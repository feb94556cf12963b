"""How sure a difference between two models is: a bootstrap over the validation images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagline.scores.ranking import InvalidScores, group_ends

_LARGEST_WORK = 400_000_000  # images x labels x rounds: some seconds on one core
_FEWEST_ROUNDS, _MOST_ROUNDS = 20, 400
_BLOCK = 4_000_000  # images x rounds of one block: bounds the memory to about 100 MB


@dataclass(frozen=True)
class Interval:
    """The middle `level` of a difference in mAP over `rounds` resamplings of the images."""

    low: float
    high: float
    level: float
    rounds: int


def map_difference(
    challenger: NDArray[np.floating],
    champion: NDArray[np.floating],
    truth: NDArray[np.uint8],
    *,
    seed: int = 0,
    level: float = 0.95,
) -> Interval | None:
    """Return the interval of mAP(challenger) - mAP(champion); scores and truth are (n, L).

    Each round draws n images with replacement and judges both models on the same draw, over the
    labels that have a positive in it. None when fewer than two images or no positive exist.
    """
    if challenger.shape != truth.shape or champion.shape != truth.shape:
        raise InvalidScores(
            f"scores {challenger.shape} and {champion.shape} do not match truth {truth.shape}"
        )
    images, labels = truth.shape
    present = np.flatnonzero(truth.sum(axis=0))
    if images < 2 or not len(present):  # noqa: PLR2004 - one image has no spread
        return None
    rounds = int(np.clip(_LARGEST_WORK // (images * labels), _FEWEST_ROUNDS, _MOST_ROUNDS))
    rng = np.random.default_rng(seed)
    size = max(1, min(rounds, _BLOCK // images))
    blocks = [
        _differences(challenger, champion, truth, present, _draws(rng, count, images))
        for count in _block_sizes(rounds, size)
    ]
    tail = (1 - level) / 2
    low, high = np.quantile(np.concatenate(blocks), [tail, 1 - tail])
    return Interval(float(low), float(high), level, rounds)


def _block_sizes(rounds: int, size: int) -> list[int]:
    return [min(size, rounds - start) for start in range(0, rounds, size)]


def _draws(rng: np.random.Generator, rounds: int, images: int) -> NDArray[np.float64]:
    """Return how often each image was drawn in each round, (rounds, n)."""
    picks = rng.integers(0, images, size=(rounds, images))
    return np.stack([np.bincount(row, minlength=images) for row in picks]).astype(np.float64)


def _differences(
    challenger: NDArray[np.floating],
    champion: NDArray[np.floating],
    truth: NDArray[np.uint8],
    present: NDArray[np.int64],
    draws: NDArray[np.float64],
) -> NDArray[np.float64]:
    total, counted = np.zeros(len(draws)), np.zeros(len(draws))
    for j in present:
        positive = draws @ truth[:, j] > 0
        gap = _weighted_ap(challenger[:, j], truth[:, j], draws) - _weighted_ap(
            champion[:, j], truth[:, j], draws
        )
        total += np.where(positive, gap, 0.0)
        counted += positive
    return total / np.maximum(counted, 1)


def _weighted_ap(
    scores: NDArray[np.floating], truth: NDArray[np.uint8], draws: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the average precision of every round, (rounds,); 0 where none is positive."""
    order = np.argsort(-scores, kind="stable")
    ends = group_ends(scores[order])
    weights = draws[:, order]
    predicted = np.cumsum(weights, axis=1)[:, ends]
    hits = np.cumsum(weights * truth[order], axis=1)[:, ends]
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    steps = np.diff(hits, axis=1, prepend=0.0)
    ap: NDArray[np.float64] = (steps * precision).sum(axis=1) / np.maximum(hits[:, -1], 1.0)
    return ap
