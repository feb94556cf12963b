"""What users are recommended, held against what they then rated: NDCG, recall, precision."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEPTH = 50  # places of a list that are kept
FIRST = 10  # places that the figures are of
Scores = NDArray[np.floating]
Items = NDArray[np.integer]
Floats = NDArray[np.float64]


class InvalidRanking(ValueError):
    """Scores or items that cannot be ranked; the message says which."""


@dataclass(frozen=True)
class Judged:
    """A user as a judge sees him: scores (I,) of all items, those left out, those relevant.

    What is left out (the history) is never relevant: it is not recommended either.
    """

    scores: Scores
    left_out: Items
    relevant: Items


@dataclass(frozen=True)
class Lists:
    """The lists of n users, K places each.

    `items` (n, K) are columns of the scores, -1 after a list's end; `hits` (n, K) are those places
    that hold something relevant; `relevant` (n,) counts all that is, and `precision` (n,) is the
    average precision of the whole ranking, not of the first places alone. All are of users with at
    least one relevant item: no list of others can be right.
    """

    items: NDArray[np.int64]
    hits: NDArray[np.bool_]
    relevant: NDArray[np.int64]
    precision: Floats

    def __len__(self) -> int:
        return len(self.relevant)

    def ndcg(self, k: int = FIRST) -> Floats:
        """Return each user's NDCG@k, (n,): 1 where the first places hold nothing but hits."""
        discount = 1 / np.log2(np.arange(2, k + 2))
        ideal = np.cumsum(discount)[np.minimum(self.relevant, k) - 1]
        found: Floats = self.hits[:, :k] @ discount[: self.hits.shape[1]] / ideal
        return found

    def recall(self, k: int = FIRST) -> Floats:
        """Return each user's recall@k, (n,): the share of what is relevant in the first k."""
        found: Floats = self.hits[:, :k].sum(axis=1) / self.relevant
        return found

    def coverage(self, items: int, k: int = FIRST) -> float:
        """Return the share of `items` that stands among anybody's first k; NaN without items."""
        shown = np.unique(self.items[:, :k])
        return np.count_nonzero(shown >= 0) / items if items else float("nan")

    def novelty(self, raters: Items, users: int, k: int = FIRST) -> float:
        """Return the mean of -log2 of the share of `users` who rated what the first k hold.

        `raters` (I,) counts each item's; one that nobody rated counts as rated by one. NaN where
        nothing is recommended.
        """
        shown = self.items[:, :k]
        counts = np.maximum(raters[shown[shown >= 0]], 1)
        return float(-np.log2(counts / max(users, 1)).mean()) if len(counts) else float("nan")


def order(scores: Scores, left_out: Items) -> NDArray[np.int64]:
    """Return the items from the best to the worst without those left out.

    Equal scores stand in the order of the columns. Raises InvalidRanking for a score that is not a
    number, of what may be recommended.
    """
    allowed = np.ones(len(scores), np.bool_)
    allowed[left_out] = False
    items = np.flatnonzero(allowed)
    values = scores[items]
    if np.isnan(values).any():
        raise InvalidRanking(f"the score of item {items[np.isnan(values)][0]} is not a number")
    return items[np.argsort(-values, kind="stable")]


def lists(users: Iterable[Judged], depth: int = DEPTH) -> Lists:
    """Return the lists of users, those left away for whom nothing is relevant.

    Raises InvalidRanking where something relevant is left out, or a score is not a number.
    """
    items, hits, counts, precision = [], [], [], []
    for user in users:
        relevant = np.unique(user.relevant)
        if not len(relevant):
            continue
        if np.isin(relevant, user.left_out).any():
            raise InvalidRanking("what is left out of a list cannot be relevant")
        ranked = order(user.scores, user.left_out)
        right = np.isin(ranked, relevant)
        places = np.flatnonzero(right)
        precision.append(float((np.arange(1, len(places) + 1) / (places + 1)).mean()))
        counts.append(len(relevant))
        items.append(_filled(ranked[:depth], depth, -1))
        hits.append(_filled(right[:depth], depth, 0))
    return Lists(
        np.array(items, np.int64).reshape(-1, depth),
        np.array(hits, np.bool_).reshape(-1, depth),
        np.array(counts, np.int64),
        np.array(precision),
    )


def _filled(values: NDArray[np.generic], length: int, rest: int) -> NDArray[np.int64]:
    found = np.full(length, rest, np.int64)
    found[: len(values)] = values
    return found
