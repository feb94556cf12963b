"""An order of labels in which those that are taken for each other stand together."""

import numpy as np
from numpy.typing import NDArray

_FAINT = 1e-3  # what all labels have in common, so that none hangs in the air


def together(confusion: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the columns (L,) of a confusion matrix (L, L) in that order.

    It is the spectral one (Atkins et al. 1998): labels lie on a line so that the more often two are
    taken for each other, by the images that they have, the nearer they are.
    """
    labels = len(confusion)
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    alike = share + share.T + _FAINT
    np.fill_diagonal(alike, 0)
    laplacian = np.diag(alike.sum(axis=1)) - alike
    if labels < 3:  # noqa: PLR2004 - any order does
        return np.arange(labels)
    place = np.linalg.eigh(laplacian)[1][:, 1]
    if place[int(np.abs(place).argmax())] > 0:  # either end may come first: this one always
        place = -place
    order: NDArray[np.int64] = np.argsort(np.round(place, 9), kind="stable")
    return order
