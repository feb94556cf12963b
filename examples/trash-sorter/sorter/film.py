"""A film of items that pass under a camera, and which of its frames show what."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sorter.frames import SHIFT, SIZES, TURNED
from sorter.items import Item
from sorter.pictures import Artwork
from sorter.scene import HEIGHT, WIDTH, Placed, Setting, draw_setting, photograph
from sorter.truth import FilmTruth, Shown, write_truth

FPS = 20
STEP = 26.0  # pixels that the belt moves from frame to frame
SPACING = 640.0  # pixels between two items' centres
_SHUTTER = 0.4  # share of a frame's time that it is open
_QUALITY = 85  # of the film's JPEGs
_BELT_ITEMS = 12  # then the camera hangs above another belt


def film_frames(artwork: Artwork, items: Sequence[Item], seed: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames, (HEIGHT, WIDTH, 3) uint8 BGR, of items that pass in this order."""
    rng = np.random.default_rng(seed)
    for start in range(0, len(items), _BELT_ITEMS):
        some = [_lying(artwork, item, rng) for item in items[start : start + _BELT_ITEMS]]
        setting = draw_setting(rng)
        for number in range(_frames(len(some))):
            yield _frame(setting, some, number * STEP, rng)


def truth(items: Sequence[Item]) -> FilmTruth:
    """Return what the frames of `film_frames` show."""
    shown: list[Shown] = []
    frames = 0
    for start in range(0, len(items), _BELT_ITEMS):
        some = items[start : start + _BELT_ITEMS]
        for place, item in enumerate(some):
            middle = (place + 1) * SPACING  # travelled, when it is in the middle
            first = int(np.ceil((middle - SHIFT[0]) / STEP))
            after = int(np.floor((middle + SHIFT[0]) / STEP)) + 1
            shown.append(Shown(item.label, item.code, frames + first, frames + after))
        frames += _frames(len(some))
    return FilmTruth(FPS, frames, tuple(shown))


def write_film(path: Path, artwork: Artwork, items: Sequence[Item], seed: int) -> FilmTruth:
    """Write an MJPEG film (.avi) and its truth (.json); return the truth."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
    if not writer.isOpened():
        raise OSError(f"{path}: OpenCV cannot write an MJPEG film there")
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, _QUALITY)
    for frame in film_frames(artwork, items, seed):
        writer.write(frame)
    writer.release()
    told = truth(items)
    write_truth(path, told)
    return told


def _frames(items: int) -> int:
    return int((items + 1) * SPACING / STEP)


def _lying(artwork: Artwork, item: Item, rng: np.random.Generator) -> Placed:
    """Return an item at the middle of the picture, as it lies on the belt."""
    return Placed(
        artwork.picture(item.code),
        WIDTH / 2,
        HEIGHT / 2 + rng.uniform(-SHIFT[1], SHIFT[1]),
        rng.uniform(*SIZES),
        rng.uniform(-TURNED, TURNED),
        STEP * _SHUTTER,
    )


def _frame(
    setting: Setting, items: Sequence[Placed], travelled: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    centres = [WIDTH / 2 + travelled - (place + 1) * SPACING for place in range(len(items))]
    seen = [
        _moved(item, centre)
        for item, centre in zip(items, centres, strict=True)
        if -item.size < centre < WIDTH + item.size
    ]
    return photograph(setting, seen, travelled, rng)


def _moved(item: Placed, x: float) -> Placed:
    return Placed(item.picture, x, item.y, item.size, item.turn, item.speed)
