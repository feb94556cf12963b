"""The labels of a training set, counted: all that a network, its loss and its first weights need.

Counts of several machines add up, and those of a set that is streamed need no row in memory.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LabelCounts:
    """So many images, and of how many of them each label is, (L,)."""

    images: int
    positives: NDArray[np.int64]

    @classmethod
    def of(cls, labels: NDArray[np.number[Any]]) -> "LabelCounts":
        """Return the counts of labels (n, L) of 0 and 1."""
        return cls(len(labels), labels.sum(axis=0, dtype=np.int64))

    def __add__(self, other: "LabelCounts") -> "LabelCounts":
        return LabelCounts(self.images + other.images, self.positives + other.positives)

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share of the images that each label is of, (L,)."""
        found: NDArray[np.float64] = self.positives / self.images
        return found
