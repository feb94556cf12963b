"""What lies behind transparency, chosen so that least of a dataset's pictures vanishes on it."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tagline.formats.pictures import BackgroundChoice
from tagline.formats.settings import ImageSettings
from tagline.imaging import geometry
from tagline.imaging.lost import one_colour, transparent
from tagline.imaging.preprocess import checked_header, stored_pixels
from tagline.imaging.spec import bgr

# greys, as people put designs on; of equals the first is chosen
CANDIDATES = ("#ffffff", "#000000", "#808080", "#c0c0c0", "#404040")
_ALPHA = 3
_COVERED = 128  # alpha from which a pixel belongs to the drawing
_CLOSE = 32  # levels, of 255, in each channel: a drawing is hard to see on such a background


class Sight(NamedTuple):
    """What a picture loses, by candidate: all of it, and thousandths of its drawing."""

    one_colour: tuple[bool, ...]
    vanishing: tuple[int, ...]


def look(data: bytes, image: ImageSettings) -> Sight | None:
    """Return what an encoded image loses on each candidate; None where none shows through.

    Raise an ImageError for what cannot be decoded.
    """
    header = checked_header(data)
    stored = stored_pixels(data, header, geometry.window(header.width, header.height, image))
    if stored.shape[2] <= _ALPHA or transparent(stored) or stored[:, :, _ALPHA].min() == 255:  # noqa: PLR2004
        return None
    drawn = stored[:, :, _ALPHA] >= _COVERED
    whole, vanishing = [], []
    for colour in CANDIDATES:
        pixels = geometry.flattened(stored, bgr(colour))
        whole.append(one_colour(geometry.centred(pixels, image.on(colour))))
        vanishing.append(_share(_close(pixels, colour), drawn))
    return Sight(tuple(whole), tuple(vanishing))


def choose(sights: Sequence[Sight], run: str) -> BackgroundChoice:
    """Return the candidate that costs fewest pictures, and of these the least of their drawings."""
    counts = [sum(sight.one_colour[at] for sight in sights) for at in range(len(CANDIDATES))]
    shares = [sum(sight.vanishing[at] for sight in sights) for at in range(len(CANDIDATES))]
    best = min(range(len(CANDIDATES)), key=lambda at: (counts[at], shares[at], at))
    return BackgroundChoice(
        colour=CANDIDATES[best],
        run=run,
        images=len(sights),
        one_colour=dict(zip(CANDIDATES, counts, strict=True)),
    )


def _close(pixels: NDArray[np.uint8], colour: str) -> NDArray[np.bool_]:
    far = cv2.absdiff(pixels, np.full_like(pixels, bgr(colour))).max(axis=2)
    return np.asarray(far <= _CLOSE)


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> int:
    total = int(np.count_nonzero(whole))
    return int(np.count_nonzero(part & whole)) * 1000 // total if total else 0
