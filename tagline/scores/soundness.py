"""Whether scores say anything: a diverged network's are all alike, or certain and wrong."""

import numpy as np
from numpy.typing import NDArray

_LEAST_DIFFERENT = 0.1  # sets of scores per different image
_MOST_CERTAIN = 0.5  # share of scores that are 0 or 1 to the last digit
_MOST_WRONG = 0.1  # of those, per true label: what is easily learned is certain, but right


def why_unsound(scores: NDArray[np.floating], truth: NDArray[np.uint8], images: int) -> str | None:
    """Return why no model with these scores (n, L) may serve, or None where nothing is wrong.

    `images` counts the different ones among the n: equal images have equal scores.
    """
    different = len(np.unique(scores, axis=0))
    if images > 1 and different <= max(1, images * _LEAST_DIFFERENT):
        answers = "the same scores" if different == 1 else f"only {different} sets of scores"
        return f"the model is constant: {images:,} different images get {answers}"
    certain = (scores == 0) | (scores == 1)
    wrong = np.count_nonzero(certain & (scores != truth))
    if certain.mean() > _MOST_CERTAIN and wrong > _MOST_WRONG * np.count_nonzero(truth):
        return (
            f"the model is saturated: {certain.mean():.0%} of its scores are exactly 0 or 1, "
            f"{wrong:,} of them wrong, and equal scores rank nothing"
        )
    return None
