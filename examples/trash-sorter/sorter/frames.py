"""Single pictures of single items, as the camera takes them: what is trained on and judged by."""

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from sorter.items import Item
from sorter.pictures import Artwork, Picture
from sorter.scene import HEIGHT, WIDTH, Placed, draw_setting, photograph

SHOWN = (320, 240)  # pixels, across and down, of a picture that is kept: a model sees 96
SIZES = (270.0, 400.0)  # an item's longest side
TURNED = 35.0  # degrees either way
FASTEST = 20.0  # pixels that an item moves while the shutter is open
SHIFT = (80.0, 30.0)  # of an item's centre from the picture's
_SHADES = math.radians(15)  # that hues are turned by where an item keeps its colour
_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def place(artwork: Artwork, item: Item, rng: np.random.Generator) -> Placed:
    """Return an item somewhere in the middle of the picture."""
    return Placed(
        artwork.picture(item.code),
        WIDTH / 2 + rng.uniform(-SHIFT[0], SHIFT[0]),
        HEIGHT / 2 + rng.uniform(-SHIFT[1], SHIFT[1]),
        rng.uniform(*SIZES),
        rng.uniform(-TURNED, TURNED),
        rng.uniform(0, FASTEST),
    )


def snapshot(artwork: Artwork, item: Item, seed: int, *, varied: bool = False) -> bytes:
    """Return a JPEG of an item on a belt of its own.

    `varied` also draws what its like might look like: the other way round, in another shade or,
    every second time, in any colour, so that forms are learned as well as colours.
    """
    rng = np.random.default_rng((seed, int(item.code, 16)))
    setting = draw_setting(rng)
    placed = place(artwork, item, rng)
    if varied:
        placed = replace(placed, picture=_another(placed.picture, rng))
    seen = photograph(setting, [placed], rng.uniform(0, WIDTH), rng)
    return jpeg(cv2.resize(seen, SHOWN, interpolation=cv2.INTER_AREA), setting.camera.quality)


def jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    """Return BGR pixels as a JPEG."""
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data)


def _another(picture: Picture, rng: np.random.Generator) -> Picture:
    most = math.pi if rng.random() < 0.5 else _SHADES
    angle, strength = rng.uniform(-most, most), rng.uniform(0.75, 1.2)
    cos, sin = strength * math.cos(angle), strength * math.sin(angle)
    turn = np.linalg.inv(_YIQ) @ np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) @ _YIQ
    another = picture.copy()
    another[..., :3] = cv2.transform(picture[..., :3], turn[::-1, ::-1].astype(np.float32))
    np.clip(another[..., :3], 0, another[..., 3:], out=another[..., :3])
    return another[:, ::-1] if rng.random() < 0.5 else another
