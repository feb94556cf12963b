"""What everybody is recommended: what most have rated, most of all lately."""

import numpy as np
from numpy.typing import NDArray


def popularity(items: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    """Return how often each of `count` items was rated, (count,), of ratings (n,)."""
    return np.bincount(items, minlength=count).astype(np.float64)


def trend(items: NDArray[np.integer], count: int, half_life: float) -> NDArray[np.float64]:
    """Return the same of ratings (n,), the newest last, that count less the older they are.

    A rating that is older than another by the share `half_life` of all of them counts half as much.
    """
    age = np.arange(len(items))[::-1] / max(len(items), 1)
    return np.bincount(items, 0.5 ** (age / half_life), minlength=count).astype(np.float64)
