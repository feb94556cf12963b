"""What colours a design shows, as further labels.

Words are of shapes alone, and the shapes are painted at random: a network that learned only them
does not look at colours any more. But a design is told by its colours, too.
"""

import numpy as np
from numpy.typing import NDArray

_HUES = ("red", "orange", "yellow", "green", "cyan", "blue", "violet", "pink")
_STARTS = np.array([-15, 15, 45, 75, 165, 200, 255, 290])  # degrees; pink ends where red begins
NAMES = (*_HUES, "black", "grey", "white", "pale")
COLOUR = "colour "  # before the name of one that the shape has
COLOURS = (*(f"{COLOUR}{name}" for name in NAMES), *(f"ground {name}" for name in NAMES))
_BLACK, _GREY, _WHITE, _PALE = range(len(_HUES), len(NAMES))
_DARK, _BRIGHT, _FAINT, _SOFT = 0.2, 0.9, 0.12, 0.3  # of value and saturation, 0..1
_SHARE = 0.1  # of the shape's pixels, from which a colour counts
_STEP = 3  # every third row and column is looked at
_DIFFERENT = 40  # of 765: from the ground


def colours(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return COLOURS as 0 or 1, of an image (S, S, 3) RGB.

    The ground is the commonest colour of the edge; the shape is what differs from it.
    """
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    codes, counts = np.unique(edge // 16 @ np.array([256, 16, 1]), return_counts=True)
    code = int(codes[counts.argmax()])
    ground = np.array([code >> 8, code >> 4 & 15, code & 15], np.int64) * 16 + 8
    some = pixels[1::_STEP, 1::_STEP]
    shape = some[np.abs(some.astype(np.int64) - ground).sum(axis=2) > _DIFFERENT]
    found = np.zeros(len(COLOURS), np.uint8)
    if len(shape):
        shares = np.bincount(_names(shape), minlength=len(NAMES)) / len(shape)
        found[: len(NAMES)] = shares >= _SHARE
    found[len(NAMES) + int(_names(np.minimum(ground, 255)[None])[0])] = 1
    return found


def _names(pixels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the place in NAMES of each pixel (n, 3)."""
    rgb = pixels.astype(np.float32) / 255
    value, least = rgb.max(axis=1), rgb.min(axis=1)
    chroma = value - least
    red, green, blue = rgb.T
    safe = np.where(chroma > 0, chroma, 1)
    hue = np.select(
        [value == red, value == green],
        [(green - blue) / safe % 6, (blue - red) / safe + 2],
        (red - green) / safe + 4,
    )
    degrees = (hue * 60 + 15) % 360 - 15
    found = np.searchsorted(_STARTS, degrees, side="right") - 1
    saturation = chroma / np.where(value > 0, value, 1)
    pale = (saturation < _SOFT) & (value > _BRIGHT)
    found = np.where(pale, _PALE, found)
    found = np.where(saturation < _FAINT, np.where(value > _BRIGHT, _WHITE, _GREY), found)
    result: NDArray[np.int64] = np.where(value < _DARK, _BLACK, found)
    return result
