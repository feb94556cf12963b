"""Users in groups by how much is known of them: a mean hides that few are served badly."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_FROM = (1, 5, 10, 20, 50, 100, 200)


def groups(lengths: NDArray[np.integer]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield the name of each group that has users, such as `5-9`, and who is in it, (n,).

    `lengths` (n,) count the items of each user's history.
    """
    for low, after in zip(_FROM, (*_FROM[1:], None), strict=True):
        inside = lengths >= low
        if after is not None:
            inside &= lengths < after
        if inside.any():
            yield (f"{low}-{after - 1}" if after else f"{low} or more"), inside
