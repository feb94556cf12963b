"""Pictures that say little: their labels stay, and what the labels speak of is gone."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tagline.formats.rows import Lost

_TOLERANCE = 4  # levels up or down, of 255: nobody sees them
_WITH_ALPHA = 4


def what_is_lost(pixels: NDArray[np.uint8], *, transparent: bool) -> Lost | None:
    """Return what the final pixels, (h, w, 3), do not tell any more."""
    if transparent:
        return Lost.TRANSPARENT
    return Lost.ONE_COLOUR if one_colour(pixels) else None


def one_colour(pixels: NDArray[np.uint8]) -> bool:
    """Return whether all of (h, w, 3) pixels have the first one's colour, within 4 levels."""
    first = [int(value) for value in pixels[0, 0]]
    low, high = ([value + sign * _TOLERANCE for value in first] for sign in (-1, 1))
    alike = cv2.inRange(pixels, np.array(low), np.array(high))
    return bool(cv2.countNonZero(alike) == pixels.shape[0] * pixels.shape[1])


def transparent(pixels: NDArray[np.uint8]) -> bool:
    """Return whether (h, w, 3 or 4) pixels have an alpha that is 0 everywhere."""
    return pixels.shape[2] == _WITH_ALPHA and not pixels[:, :, 3].any()
