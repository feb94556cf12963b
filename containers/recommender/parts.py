"""What a model is put together of: each part maps histories to scores of all items.

A history's items weigh the less the older they are: the newest 1, the one before `decay`, the next
`decay` squared. Scores are compared by how many standard deviations they lie above their mean over
all items, so that parts can be added, and a score says the same of every user.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
History = NDArray[np.int64]
LEAST_SPREAD = 1e-9  # scores that are all alike tell nothing, and stay 0
LEAST_APART = 1e-2  # of their mean; less is how float32 rounds, which is not to be made large


class Part(Protocol):
    """A trained model of I items."""

    @property
    def name(self) -> str:
        """The algorithm."""

    def scores(self, histories: Sequence[History], decays: Sequence[float]) -> Floats:
        """Return the scores (d, n, I) of n histories, none of them empty, at each of d decays."""


@dataclass(frozen=True)
class Ease:
    """What each item says of each other, (I, I): Steck 2019, "Embarrassingly shallow"."""

    matrix: Floats
    name: str = "ease"

    def scores(self, histories: Sequence[History], decays: Sequence[float]) -> Floats:
        """Return the scores, as `Part` says."""
        found = np.empty((len(decays), len(histories), len(self.matrix)), np.float32)
        for row, history in enumerate(histories):
            found[:, row] = _weights(len(history), decays) @ self.matrix[history]
        return found


@dataclass(frozen=True)
class Network:
    """An encoder (I, H), (H,) of the weighted history of length 1, and a decoder (H, I), (I,).

    MultDAE (Liang et al. 2018) has tanh between them, BPR's factors nothing.
    """

    name: str
    encoder: Floats
    encoder_bias: Floats
    decoder: Floats
    decoder_bias: Floats
    tanh: bool

    def scores(self, histories: Sequence[History], decays: Sequence[float]) -> Floats:
        """Return the scores, as `Part` says."""
        hidden = np.empty((len(decays), len(histories), len(self.encoder_bias)), np.float32)
        for row, history in enumerate(histories):
            weights = _weights(len(history), decays)
            length = np.sqrt((weights**2).sum(axis=1, keepdims=True))
            hidden[:, row] = (weights / length) @ self.encoder[history]
        hidden += self.encoder_bias
        if self.tanh:
            np.tanh(hidden, out=hidden)
        found: Floats = hidden @ self.decoder + self.decoder_bias
        return found


def _weights(length: int, decays: Sequence[float]) -> Floats:
    """Return what the items of a history weigh at each decay, (d, length)."""
    age = np.arange(length)[::-1]
    return (np.array(decays)[:, None] ** age).astype(np.float32)


def standard(scores: Floats) -> Floats:
    """Return scores (..., I) as standard deviations above their mean over the items."""
    mean = scores.mean(axis=-1, keepdims=True)
    apart = scores - mean
    spread = np.sqrt((apart**2).mean(axis=-1, keepdims=True))
    least = np.maximum(np.abs(mean) * np.float32(LEAST_APART), LEAST_SPREAD)
    found: Floats = apart / np.maximum(spread, least)
    return found
