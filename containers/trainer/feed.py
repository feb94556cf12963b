"""Where the batches of a training come from."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.augment import augment
from trainer.data import RecordSet
from trainer.engine import Images, Labels


class Feed(Protocol):
    """Augmented batches of a training set."""

    def batch(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> tuple[Any, Any]:
        """Return images and labels of these indexes, as the learner's step takes them."""


class MemoryFeed:
    """Batches from the machine's memory, augmented by its CPU."""

    def __init__(self, records: RecordSet, kind: str) -> None:
        self._records, self._kind = records, kind

    def batch(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> tuple[Images, Labels]:
        """Return images (n, S, S, 3) and labels (n, L)."""
        images = augment(self._records.images(chosen), self._kind, rng)
        return images, self._records.labels[chosen]
