"""Which wrong tag is given where which right one is missing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Confusions:
    """Pairs of labels, (k,) each: `images` lack a tag `missing` and have a wrong one, `wrong`.

    `missed` and `given` count all images that lack the one, and have the other wrongly; `expected`
    is how many of `images` there would be if neither knew of the other.
    """

    missing: NDArray[np.int64]
    wrong: NDArray[np.int64]
    images: NDArray[np.int64]
    missed: NDArray[np.int64]
    given: NDArray[np.int64]
    expected: NDArray[np.float64]


def confusions(tags: NDArray[np.bool_], truth: NDArray[np.uint8], most: int) -> Confusions:
    """Return up to `most` pairs of tags (n, L) given against those that are true (n, L).

    Those come first that are more frequent than chance by most images; such by less than one image,
    or of one image alone, are left out.
    """
    there = truth > 0
    lacking, surplus = (there & ~tags).astype(np.float32), (~there & tags).astype(np.float32)
    together = lacking.T @ surplus  # exact: counts below 2^24
    missed, given = lacking.sum(axis=0), surplus.sum(axis=0)
    expected = np.outer(missed, given) / max(1, len(truth))
    excess = np.where(together > 1, together - expected, 0)
    order = np.argsort(-excess, axis=None, kind="stable")[:most]
    missing, wrong = np.unravel_index(order[excess.ravel()[order] >= 1], excess.shape)
    return Confusions(
        missing=missing,
        wrong=wrong,
        images=together[missing, wrong].astype(np.int64),
        missed=missed[missing].astype(np.int64),
        given=given[wrong].astype(np.int64),
        expected=expected[missing, wrong].astype(np.float64),
    )
