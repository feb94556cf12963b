"""EASE in closed form, denoising: it is trained on histories half of which is hidden.

Memory grows with the square of the items: at most three matrices of float32 at once, 4.8 GB at
MOST_ITEMS.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.data import Histories
from recommender.parts import Ease

MOST_ITEMS = 20_000
DROPOUT = 0.5  # share of a history that is hidden: Steck 2020, "Autoencoders that don't overfit"
_CHOICES = (1, 3, 10, 30)  # times the mean weight of an item
_BLOCK = 256  # rows
_INVERSIONS = 2e12  # multiplications that all choices together may take: a minute or two
Floats = NDArray[np.float32]


def gram(histories: Histories, items: int) -> Floats:
    """Return how many users rated each pair of items, (I, I)."""
    found = np.zeros((items, items), np.float32)
    for user in range(len(histories)):
        history = histories[user]
        found[np.ix_(history, history)] += 1
    return found


def choices(counts: NDArray[np.float64]) -> tuple[float, ...]:
    """Return regularizations to try, on the scale of items' counts (I,); fewer of many items."""
    afford = max(1, int(_INVERSIONS / len(counts) ** 3))
    tried = _CHOICES if afford >= len(_CHOICES) else _CHOICES[2:][:afford]
    return tuple(round(max(float(counts.mean()) * times, 0.1), 3) for times in tried)


def ease(together: Floats, regularization: float) -> Ease:
    """Return the part of a Gram matrix (I, I), which it is made of: no second one is needed.

    `regularization` is added to each item's own count, beside what stands for the dropout.
    """
    own = np.diagonal(together) * np.float32(DROPOUT / (1 - DROPOUT)) + np.float32(regularization)
    together[np.diag_indices(len(together))] += own
    invert(together)
    together /= -np.diagonal(together).copy()
    np.fill_diagonal(together, 0)
    return Ease(together)


def invert(matrix: Floats) -> None:
    """Invert a positive definite matrix (n, n) in its own place, a block of rows at a time.

    Gauss-Jordan without pivots, which such a matrix does not need; numpy's own takes three more.
    """
    blocks = [slice(first, first + _BLOCK) for first in range(0, len(matrix), _BLOCK)]
    for own in blocks:
        pivot = np.linalg.inv(matrix[own, own])
        row = pivot @ matrix[own]
        for rows in blocks:
            if rows != own:
                column = matrix[rows, own].copy()
                matrix[rows] -= column @ row
                matrix[rows, own] = -column @ pivot
        matrix[own] = row
        matrix[own, own] = pivot
