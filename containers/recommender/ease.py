"""EASE in closed form, denoising: it is trained on histories half of which is hidden.

Memory grows with the square of the items: three matrices of float32, 4.8 GB at MOST_ITEMS.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.data import Histories
from recommender.parts import Ease

MOST_ITEMS = 20_000
DROPOUT = 0.5  # share of a history that is hidden: Steck 2020, "Autoencoders that don't overfit"
_CHOICES = (1, 3, 10, 30)  # times the mean weight of an item
_INVERSIONS = 2e12  # multiplications that all choices together may take: a minute or two
Floats = NDArray[np.float32]


def gram(histories: Histories, items: int) -> Floats:
    """Return how many users rated each pair of items, (I, I)."""
    found = np.zeros((items, items), np.float32)
    for user in range(len(histories)):
        history = histories[user]
        found[np.ix_(history, history)] += 1
    return found


def choices(together: Floats) -> tuple[float, ...]:
    """Return regularizations to try, on a scale that the data set; fewer of many items."""
    afford = max(1, int(_INVERSIONS / len(together) ** 3))
    usual = float(np.diagonal(together).mean())
    tried = _CHOICES if afford >= len(_CHOICES) else _CHOICES[2:][:afford]
    return tuple(round(max(usual * times, 0.1), 3) for times in tried)


def ease(together: Floats, regularization: float) -> Ease:
    """Return the part of a Gram matrix (I, I), which is left as it is.

    `regularization` is added to each item's own count, beside what stands for the dropout.
    """
    matrix = together.copy()
    own = np.diagonal(together) * np.float32(DROPOUT / (1 - DROPOUT)) + np.float32(regularization)
    matrix[np.diag_indices(len(matrix))] += own
    matrix = np.linalg.inv(matrix)
    matrix /= -np.diagonal(matrix).copy()
    np.fill_diagonal(matrix, 0)
    return Ease(matrix)
