"""A picture's likeness: bits that near-copies share, the same picture in other sizes or encodings.

`tagline.formats.near_copies` compares them.
"""

import numpy as np
from numpy.typing import NDArray

from tagline.formats.near_copies import BANDS, HEX_DIGITS

_SHAPE = 16  # rows and columns of cells whose lightness is compared
_COLOURS = 6  # rows and columns of cells whose colour is looked at
_STEP = 6  # levels, of 255: less is what encoding makes of one colour
_LEVELS = np.array([64, 128, 192])
_LIGHTNESS = np.array([77, 150, 29])  # of red, green and blue, of 256


def likeness(pixels: NDArray[np.uint8]) -> str:
    """Return the likeness of (h, w, 3) RGB pixels, 16 to 1,500 a side, as hexadecimal digits.

    240 bits say of 16 x 16 cells whether each is lighter, by more than 6 levels, than its right
    neighbour (a difference hash); 324 bits where the channels of 6 x 6 cells lie among three
    levels, for pictures of one drawing in two colours are no copies. Bits that lie close together
    go to different bands. All of it is integers: the same pixels have the same likeness anywhere.
    """
    lightness = _cells(pixels, _SHAPE, _SHAPE) @ _LIGHTNESS >> 8
    shape = lightness[:, :-1] > lightness[:, 1:] + _STEP
    levels = _cells(pixels, _COLOURS, _COLOURS)[..., None] >= _LEVELS
    bits = np.zeros((HEX_DIGITS * 4 // BANDS, BANDS), np.bool_)
    found = np.concatenate((shape.ravel(), levels.ravel()))
    bits.reshape(-1)[: len(found)] = found
    return np.packbits(bits.T).tobytes().hex()


def _cells(pixels: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.int64]:
    """Return the channels' means, rounded down, in a grid over the picture."""
    height, width, _ = pixels.shape
    tops, lefts = np.arange(rows) * height // rows, np.arange(columns) * width // columns
    lines = pixels.reshape(height, -1).astype(np.uint16)  # in which 257 lines are summed safely
    sums = np.add.reduceat(lines, tops, 0, np.uint16).astype(np.int64).reshape(rows, width, 3)
    areas = np.diff(tops, append=height)[:, None] * np.diff(lefts, append=width)
    means: NDArray[np.int64] = np.add.reduceat(sums, lefts, 1) // areas[..., None]
    return means
