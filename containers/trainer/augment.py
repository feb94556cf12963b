"""Random changes to training images that leave their labels true.

The names are those of SageMaker's image classification. Each level adds to the one before:

- `crop`: shift by up to a sixteenth of the side; what moves in repeats the edge's pixels
- `crop_color`: brightness and contrast by up to a tenth, saturation by up to a fifth
- `crop_color_transform`: mirror left to right, turn by up to 10 degrees, scale by up to a tenth

Only the last level mirrors: lettering, arrows and layouts may mean something else in a mirror.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]  # (n, S, S, 3)
_SHIFT = 1 / 16
_BRIGHTNESS, _CONTRAST, _SATURATION = 0.1, 0.1, 0.2
_TURN, _SCALE = np.deg2rad(10), 0.1
_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601 luma


def augment(images: Images, kind: str, rng: np.random.Generator) -> Images:
    """Return changed copies of images (n, S, S, 3); `kind` is none or one of the levels."""
    if kind == "none":
        return images
    if kind == "crop_color_transform":
        images = _turn(_mirror(images, rng), rng)
    images = _shift(images, rng)
    return images if kind == "crop" else _colour(images, rng)


def _shift(images: Images, rng: np.random.Generator) -> Images:
    count, side = images.shape[:2]
    reach = max(1, round(side * _SHIFT))
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    tops, lefts = rng.integers(0, 2 * reach + 1, size=(2, count))
    cuts = zip(padded, tops, lefts, strict=True)
    return np.stack([image[top : top + side, left : left + side] for image, top, left in cuts])


def _mirror(images: Images, rng: np.random.Generator) -> Images:
    flipped = rng.random(len(images)) < 0.5  # noqa: PLR2004 - every second one
    return np.where(flipped[:, None, None, None], images[:, :, ::-1], images)


def _turn(images: Images, rng: np.random.Generator) -> Images:
    """Turn and scale about the middle, bilinear; beyond the edge its nearest pixel repeats."""
    count, side = images.shape[:2]
    angle = rng.uniform(-_TURN, _TURN, count)
    scale = rng.uniform(1 - _SCALE, 1 + _SCALE, count)
    cos = (np.cos(angle) / scale).astype(np.float32)[:, None, None]
    sin = (np.sin(angle) / scale).astype(np.float32)[:, None, None]
    middle = np.float32((side - 1) / 2)
    down, right = np.meshgrid(*[np.arange(side, dtype=np.float32) - middle] * 2, indexing="ij")
    y = np.clip(cos * down - sin * right + middle, 0, side - 1)
    x = np.clip(sin * down + cos * right + middle, 0, side - 1)
    top, left = np.minimum(y.astype(np.int32), side - 2), np.minimum(x.astype(np.int32), side - 2)
    dy, dx = (y - top)[..., None], (x - left)[..., None]
    which = np.arange(count)[:, None, None]
    upper = images[which, top, left] * (1 - dx) + images[which, top, left + 1] * dx
    lower = images[which, top + 1, left] * (1 - dx) + images[which, top + 1, left + 1] * dx
    turned: Images = np.rint(upper * (1 - dy) + lower * dy).astype(np.uint8)
    return turned


def _colour(images: Images, rng: np.random.Generator) -> Images:
    values: Any = images.astype(np.float32)
    brightness, contrast, saturation = (
        1 + rng.uniform(-reach, reach, (len(images), 1, 1, 1)).astype(np.float32)
        for reach in (_BRIGHTNESS, _CONTRAST, _SATURATION)
    )
    grey = (values @ _GREY)[..., None]
    values = grey + (values - grey) * saturation
    mean = values.mean(axis=(1, 2, 3), keepdims=True)
    values = (mean + (values - mean) * contrast) * brightness
    coloured: Images = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return coloured
