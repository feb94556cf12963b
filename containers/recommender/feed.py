"""Histories as Gluon takes them: a Dataset of users, and how a DataLoader makes a batch of them."""

from collections.abc import Sequence
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from recommender.data import Histories

_PAIRS = 20  # of a user in a batch
_DRAWN = 4  # times as many items are drawn as are needed: those that were rated fall out


class Users(gluon.data.Dataset):  # type: ignore[misc]
    """The histories of those who have one, (h,) each."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories
        self._users = np.flatnonzero(histories.lengths)

    def __len__(self) -> int:
        return len(self._users)

    def __getitem__(self, index: int) -> NDArray[np.int64]:
        return self._histories[self._users[index]]


class Batches:
    """Makes of B histories what the network takes, (B, I), and what its loss does."""

    def __init__(self, items: int, seed: int, *, pairs: bool) -> None:
        self._items, self._pairs = items, pairs
        self._rng = np.random.default_rng(seed)

    def __call__(self, histories: Sequence[NDArray[np.int64]]) -> tuple[Any, Any]:
        """Return the histories, each of length 1, and what was rated: 1 or 0, or pairs."""
        rated = np.zeros((len(histories), self._items), np.float32)
        data = np.zeros_like(rated)
        for row, history in enumerate(histories):
            rated[row, history] = 1
            data[row, history] = len(history) ** -0.5
        return data, self._drawn(histories, rated) if self._pairs else rated

    def _drawn(self, histories: Sequence[NDArray[np.int64]], rated: NDArray[np.float32]) -> Any:
        """Return pairs as `Pairwise` takes them; of one who rated everything they say nothing."""
        pairs = np.empty((len(histories), 2, _PAIRS), np.int32)
        for row, history in enumerate(histories):
            drawn = self._rng.integers(0, self._items, _PAIRS * _DRAWN)
            others = drawn[rated[row, drawn] == 0][:_PAIRS]
            pairs[row, 0] = self._rng.choice(history, _PAIRS)
            pairs[row, 1] = np.resize(others, _PAIRS) if len(others) else pairs[row, 0]
        pairs += (np.arange(len(histories), dtype=np.int32) * self._items)[:, None, None]
        return mx.nd.array(pairs, dtype=np.int32)
