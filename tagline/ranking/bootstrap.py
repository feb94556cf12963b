"""How sure it is that one model serves users better than another, from a sample of users."""

import numpy as np
from numpy.typing import NDArray

from tagline.ranking.lists import InvalidRanking
from tagline.scores.bootstrap import MOST_ROUNDS, Gain, sizes, summary

Floats = NDArray[np.float64]
_FEWEST = 2  # one user has no spread


def gain(
    challenger: Floats, champion: Floats, *, confidence: float = 0.9, seed: int = 0
) -> Gain | None:
    """Return what a model has more than another of a figure of each user, (n,) each.

    Each round draws n users with replacement and compares both models on the same draw. None for
    fewer than two users. Raises InvalidRanking where the two are not of the same users.
    """
    if challenger.shape != champion.shape:
        raise InvalidRanking(f"figures {challenger.shape} and {champion.shape} differ in users")
    users = len(challenger)
    if users < _FEWEST:
        return None
    differences = challenger - champion
    rng = np.random.default_rng(seed)
    drawn = [
        differences[rng.integers(0, users, (size, users))].mean(axis=1)
        for size in sizes(MOST_ROUNDS, users)
    ]
    return summary(float(differences.mean()), np.concatenate(drawn), confidence)
