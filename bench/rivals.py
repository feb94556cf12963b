"""What a recommender has to be better than: popularity, plain EASE, and implicit's ALS and BPR.

Each is given the same as ours: it chooses on the validation ratings, then learns from all but the
test. All map the users' histories, (U, I) of 0 and 1, to scores (U, I).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.data import Histories
from tagline.ranking.lists import Judged, Lists, lists

Matrix = NDArray[np.float32]
Learn = Callable[[Matrix], Matrix]
REGULARIZATIONS = (50, 100, 200, 500, 1000, 2000)  # of EASE


@dataclass(frozen=True)
class Split:
    """Histories of U users over I items: to learn from, to choose on, and to be judged by."""

    train: Histories
    validation: Histories
    known: Histories
    test: Histories
    items: int

    def judged(self, scores: Matrix, *, test: bool) -> Lists:
        """Return the lists of users with a history, of scores (U, I)."""
        before, after = (self.known, self.test) if test else (self.train, self.validation)

        def users() -> Iterator[Judged]:
            for user in np.flatnonzero(before.lengths).tolist():
                new = np.setdiff1d(after[user], before[user])
                yield Judged(scores[user], before[user], new)

        return lists(users())

    def matrix(self, histories: Histories) -> Matrix:
        """Return histories as 0 and 1, (U, I)."""
        found = np.zeros((len(histories), self.items), np.float32)
        users = np.repeat(np.arange(len(histories)), histories.lengths)
        found[users, histories.items] = 1
        return found


def popularity(known: Matrix) -> Matrix:
    """Return how many users have rated each item, for every user."""
    return np.tile(known.sum(axis=0), (len(known), 1))


def ease(regularization: float) -> Learn:
    """Return plain EASE (Steck 2019): no dropout, no age, no trend."""

    def learn(known: Matrix) -> Matrix:
        gram = (known.T @ known).astype(np.float64)
        gram[np.diag_indices(len(gram))] += regularization
        inverse = np.linalg.inv(gram)
        matrix = -inverse / np.diagonal(inverse)
        np.fill_diagonal(matrix, 0)
        return known @ matrix.astype(np.float32)

    return learn


def als(factors: int, regularization: float, alpha: float, seed: int) -> Learn:
    """Return implicit's alternating least squares."""

    def learn(known: Matrix) -> Matrix:
        model = AlternatingLeastSquares(
            factors, regularization, alpha, iterations=20, num_threads=1, random_state=seed
        )
        model.fit(csr_matrix(known), show_progress=False)
        return np.asarray(model.user_factors @ model.item_factors.T, np.float32)

    return learn


def bpr(factors: int, rate: float, regularization: float, seed: int) -> Learn:
    """Return implicit's Bayesian personalized ranking."""

    def learn(known: Matrix) -> Matrix:
        model = BayesianPersonalizedRanking(
            factors, rate, regularization, iterations=200, num_threads=1, random_state=seed
        )
        model.fit(csr_matrix(known), show_progress=False)
        return np.asarray(model.user_factors @ model.item_factors.T, np.float32)

    return learn


def contenders(seed: int) -> dict[str, list[Learn]]:
    """Return each rival's choices."""
    return {
        "popularity": [popularity],
        "implicit BPR": [
            bpr(f, r, g, seed) for f, r, g in product((16, 32), (0.001, 0.003, 0.01), (0.05, 0.1))
        ],
        "implicit ALS": [
            als(f, r, a, seed) for f, r, a in product((16, 32, 64), (0.1, 10), (1, 10))
        ],
        "EASE": [ease(value) for value in REGULARIZATIONS],
    }


def best(choices: list[Learn], split: Split) -> Lists:
    """Return the test's lists of the choice that validation likes best, learned from all."""
    train = split.matrix(split.train)
    if len(choices) > 1:
        found = [split.judged(learn(train), test=False).ndcg().mean() for learn in choices]
        choices = [choices[int(np.argmax(found))]]
    return split.judged(choices[0](split.matrix(split.known)), test=True)
