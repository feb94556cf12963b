"""Which images a model of single labels doubts: confident learning (Northcutt et al. 2021).

An image counts as of the label that scores most of those that reach what they score on average of
the images that the list gives them. It is doubted where that is another label than its own: these
are what lies off the diagonal of the confident joint. The images must be others than it was trained
on.
"""

import numpy as np
from numpy.typing import NDArray

from tagline.scores.confident import FEWEST_POSITIVES, LEAST_AP, Doubts
from tagline.scores.ranking import InvalidScores
from tagline.scores.single import Floats, checked, classes_of


def doubts_of_single(scores: NDArray[np.floating], truth: NDArray[np.uint8], ap: Floats) -> Doubts:
    """Return what a model's scores (n, L) doubt of truth (n, L): two labels an image.

    First the label that is given, then the one that seems right, of the most doubtful image first.
    A label that fewer than FEWEST_POSITIVES images have, or whose `ap` (L,) is below LEAST_AP, is
    neither doubted nor suggested. Raises InvalidScores for what does not fit together.
    """
    values, given = checked(scores, truth).astype(np.float64), classes_of(truth)
    if ap.shape != values.shape[1:]:
        raise InvalidScores(f"scores {values.shape} and ap {ap.shape} do not fit together")
    counts = truth.sum(axis=0, dtype=np.int64)
    known = (counts >= FEWEST_POSITIVES) & (np.nan_to_num(ap) >= LEAST_AP)
    sure = (values * truth).sum(axis=0) / np.maximum(counts, 1)
    reached = np.where((values >= sure) & known, values, -np.inf)
    told = reached.argmax(axis=1)
    images = np.arange(len(values))
    found = np.flatnonzero(np.isfinite(reached[images, told]) & (told != given) & known[given])
    doubt = 1 - values[found, given[found]]
    order = np.argsort(-doubt, kind="stable")
    found = found[order]
    return Doubts(
        images=np.repeat(found, 2),
        labels=np.stack([given[found], told[found]], axis=1).ravel(),
        doubt=np.repeat(doubt[order], 2),
    )
