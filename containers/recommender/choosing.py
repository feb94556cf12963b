"""Validation picks: each part's age decay, the parts' shares, and how much the trend counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from recommender.judges import Judges
from recommender.parts import Part, standard
from tagline.ranking.popularity import trend

DECAYS = (1.0, 0.995, 0.99, 0.98, 0.95, 0.9)
HALF_LIVES = (0.05, 0.2)  # of a rating's say in the trend, in shares of all ratings
_SHARES = (0.25, 0.5, 0.75)  # of the first of two parts
_TRENDS = (0.25, 0.5, 1.0)  # what the trend's standard scores are multiplied by
USUAL_HALF_LIFE = 0.2
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Tried:
    """A part, its best age decay, the judges' standard scores (n, I) and NDCG@10 there."""

    part: Part
    decay: float
    scores: Floats
    ndcg: float


@dataclass(frozen=True)
class Recipe:
    """A model: what is taken of which parts at which age decay, and of the trend.

    `each` (n,) is the judges' NDCG@10.
    """

    name: str
    shares: tuple[float, ...]
    decays: tuple[float, ...]
    trend: float
    half_life: float
    each: NDArray[np.float64]

    @property
    def ndcg(self) -> float:
        """Its mean; NaN where nobody judges."""
        return float(self.each.mean()) if len(self.each) else float("nan")


def best_decay(part: Part, judges: Judges, decays: Sequence[float]) -> Tried:
    """Return a part at the age decay that judges like best; the first where there are none."""
    if not len(judges):
        empty = np.zeros(judges.seen.shape, np.float32)
        return Tried(part, decays[0], empty, float("nan"))
    found = part.scores(judges.histories, decays)
    for scores in found:  # one after the other bounds the memory
        scores[:] = standard(scores)
    values = [judges.ndcg(scores) for scores in found]
    best = int(np.argmax(values))
    return Tried(part, decays[best], found[best].copy(), values[best])


def recipes(tried: Sequence[Tried], judges: Judges, rated: NDArray[np.int64]) -> list[Recipe]:
    """Return the best recipe of each part alone and of two together, each with its own trend.

    `rated` (n,) are the items of the training's ratings, the newest last. Where nobody judges, all
    is as it usually is good, with NaN for its quality.
    """
    items = judges.seen.shape[1]
    trends = {life: standard(trend(rated, items, life).astype(np.float32)) for life in HALF_LIVES}
    found = [_best(each.part.name, [each], [(1.0,)], judges, trends) for each in tried]
    if len(tried) > 1:
        shares = [(share, 1 - share) for share in _SHARES]
        found.append(_best("blend", tried, shares, judges, trends))
    return found


def pick(found: Sequence[Recipe]) -> Recipe:
    """Return the best recipe; the blend, the last, unless another is clearly better.

    Two parts err less than one. So what judges like better has to be so by more than the standard
    error of the difference: few judges like something better by chance.
    """
    best, blend = max(found, key=lambda recipe: recipe.ndcg), found[-1]
    more = best.each - blend.each
    if not len(more) or more.mean() <= more.std() / np.sqrt(len(more)):
        return blend
    return best


def _best(
    name: str,
    tried: Sequence[Tried],
    shares: Sequence[tuple[float, ...]],
    judges: Judges,
    trends: dict[float, Floats],
) -> Recipe:
    decays = tuple(one.decay for one in tried)
    if not len(judges):
        middle = shares[len(shares) // 2]
        return Recipe(name, middle, decays, 0.0, USUAL_HALF_LIFE, np.zeros(0))
    best = None
    for mix in shares:
        mixed = np.zeros_like(tried[0].scores)
        for share, one in zip(mix, tried, strict=True):
            mixed += np.float32(share) * one.scores
        ways = [(0.0, USUAL_HALF_LIFE), *product(_TRENDS, HALF_LIVES)]
        for weight, life in ways:
            each = judges.each(mixed + np.float32(weight) * trends[life] if weight else mixed)
            if best is None or each.mean() > best.ndcg:
                best = Recipe(name, mix, decays, weight, life, each)
    assert best is not None  # noqa: S101 - there is at least one way
    return best
