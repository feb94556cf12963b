"""The users of the validation set, by whom everything is chosen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import Dataset
from tagline.ranking.lists import FIRST

_MOST = 2_000  # users; more tell little more
_MOST_SCORES = 10_000_000  # users x items: 40 MB for each way that is compared
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Judges:
    """n users with a history in `train` and something relevant in `validation`.

    `seen` (n, I) are the items of their histories, `relevant` (n, I) those they rated after.
    """

    histories: tuple[NDArray[np.int64], ...]
    seen: NDArray[np.bool_]
    relevant: NDArray[np.bool_]

    @classmethod
    def of(cls, dataset: Dataset, seed: int) -> "Judges":
        """Return the judges among a dataset's users, drawn by `seed` where there are too many."""
        able = np.flatnonzero((dataset.train.lengths > 0) & (dataset.relevant.lengths > 0))
        most = min(_MOST, max(1, _MOST_SCORES // len(dataset.items)))
        if len(able) > most:
            able = np.sort(np.random.default_rng(seed).choice(able, most, replace=False))
        seen, relevant = np.zeros((2, len(able), len(dataset.items)), np.bool_)
        for row, user in enumerate(able.tolist()):
            seen[row, dataset.train[user]] = True
            relevant[row, dataset.relevant[user]] = True
        return cls(tuple(dataset.train[user] for user in able.tolist()), seen, relevant)

    def __len__(self) -> int:
        return len(self.histories)

    def ndcg(self, scores: Floats) -> float:
        """Return the mean of `each`; NaN of nobody."""
        return float(self.each(scores).mean()) if len(self) else float("nan")

    def each(self, scores: Floats) -> NDArray[np.float64]:
        """Return each judge's NDCG@10, (n,), of scores (n, I), which are left as they are."""
        open_to = np.where(self.seen, -np.inf, scores)
        depth = min(FIRST, scores.shape[1])
        first = np.argpartition(-open_to, depth - 1, axis=1)[:, :depth]
        values = np.take_along_axis(open_to, first, axis=1)
        first = np.take_along_axis(first, np.argsort(-values, axis=1, kind="stable"), axis=1)
        discount = 1 / np.log2(np.arange(2, depth + 2))
        found = np.take_along_axis(self.relevant, first, axis=1) @ discount
        ideal = np.cumsum(discount)[np.minimum(self.relevant.sum(axis=1), depth) - 1]
        each: NDArray[np.float64] = found / ideal
        return each
