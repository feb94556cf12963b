"""Random changes to training images that leave their labels true.

Of SageMaker's image classification, each level adding to the one before:

- `crop`: shift by up to a sixteenth of the side; what moves in repeats the edge's pixels
- `crop_color`: brightness and contrast by up to a tenth, saturation by up to a fifth
- `crop_color_transform`: mirror left to right, turn by up to 10 degrees, scale by up to a tenth

and one of its own, for long trainings: `geometric` turns by up to 12 degrees, scales by up to
e^0.2 and stretches by up to e^0.1 either way, and shifts by up to a tenth of the side.

Only `crop_color_transform` mirrors: lettering, arrows and layouts may mean something else in a
mirror. Each image is resampled once, by OpenCV: what numpy took as long for as a training step
(docs/decisions/032-opencv-turns-training-images.md).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]  # (n, S, S, 3)
Maps = NDArray[np.float64]  # (n, 2, 3): (x, y, 1) of a pixel to where its colour is taken from
_SHIFT = 1 / 16
_BRIGHTNESS, _CONTRAST, _SATURATION = 0.1, 0.1, 0.2
_TURN, _SCALE = np.deg2rad(10), 0.1
_GEOMETRIC_TURN, _GEOMETRIC_SHIFT = np.deg2rad(12), 0.1
_GEOMETRIC_SCALE, _GEOMETRIC_ASPECT = 0.2, 0.1  # natural logarithms
GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601 luma

cv2.setNumThreads(1)  # an image is too small to share, and training has its threads counted


@dataclass(frozen=True)
class Changes:
    """What is done to the n images of a batch, in this order; None: not done.

    Drawn apart from being applied, so that a GPU does to pixels what the CPU would.
    """

    maps: Maps | None = None
    shifts: NDArray[np.int64] | None = None
    """(2, n): pixels down and right from which an image is taken; the edge's pixels repeat."""
    colours: NDArray[np.float64] | None = None
    """(3, n): factors of brightness, contrast and saturation."""


def augment(images: Images, kind: str, rng: np.random.Generator) -> Images:
    """Return changed copies of images (n, S, S, 3); `kind` is none or one of the above."""
    return apply(images, draw(kind, len(images), images.shape[1], rng))


def draw(kind: str, count: int, side: int, rng: np.random.Generator) -> Changes:
    """Return the random changes of a kind for so many images of a side in pixels."""
    if kind == "none":
        return Changes()
    if kind == "geometric":
        return Changes(geometric(count, side, rng))
    maps = _transform(count, side, rng) if kind == "crop_color_transform" else None
    reach = max(1, round(side * _SHIFT))
    shifts = rng.integers(0, 2 * reach + 1, size=(2, count)) - reach
    return Changes(maps, shifts, None if kind == "crop" else _colours(count, rng))


def apply(images: Images, changes: Changes) -> Images:
    """Return changed copies of images (n, S, S, 3)."""
    if changes.maps is not None:
        images = warp(images, changes.maps)
    if changes.shifts is not None:
        images = _shift(images, changes.shifts)
    return images if changes.colours is None else _colour(images, changes.colours)


def geometric(count: int, side: int, rng: np.random.Generator) -> Maps:
    """Return the random maps of `geometric` for so many images of a side in pixels."""
    angle = rng.uniform(-_GEOMETRIC_TURN, _GEOMETRIC_TURN, count)
    scale = np.exp(rng.uniform(-_GEOMETRIC_SCALE, _GEOMETRIC_SCALE, count))
    aspect = np.exp(rng.uniform(-_GEOMETRIC_ASPECT, _GEOMETRIC_ASPECT, count) / 2)
    shift = rng.uniform(-_GEOMETRIC_SHIFT * side, _GEOMETRIC_SHIFT * side, (count, 2))
    return _about_the_middle(side, angle, scale * aspect, scale / aspect, shift)


def warp(images: Images, maps: Maps) -> Images:
    """Return the images (n, S, S, 3) under maps (n, 2, 3), bilinear.

    Beyond the edge its nearest pixel repeats.
    """
    warped = np.empty_like(images)
    size = images.shape[2], images.shape[1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for image, where, out in zip(images, maps, warped, strict=True):
        cv2.warpAffine(image, where, size, out, flags, cv2.BORDER_REPLICATE)
    return warped


def _transform(count: int, side: int, rng: np.random.Generator) -> Maps:
    mirror = np.where(rng.random(count) < 0.5, -1, 1)  # noqa: PLR2004 - every second one
    angle = rng.uniform(-_TURN, _TURN, count)
    scale = rng.uniform(1 - _SCALE, 1 + _SCALE, count)
    return _about_the_middle(side, angle, mirror * scale, scale, np.zeros((count, 2)))


def _about_the_middle(
    side: int,
    angle: NDArray[np.float64],
    wide: NDArray[np.float64],
    high: NDArray[np.float64],
    shift: NDArray[np.float64],
) -> Maps:
    """Return the maps that turn (radians), stretch (below 0: mirror) and shift (pixels) images."""
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[cos / wide, sin / wide], [-sin / high, cos / high]])
    linear = linear.transpose(2, 0, 1)
    middle = np.full(2, (side - 1) / 2)
    return np.concatenate([linear, (middle - linear @ middle + shift)[..., None]], axis=2)


def _shift(images: Images, shifts: NDArray[np.int64]) -> Images:
    side, reach = images.shape[1], int(np.abs(shifts).max())
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    cuts = zip(padded, *(shifts + reach), strict=True)
    return np.stack([image[top : top + side, left : left + side] for image, top, left in cuts])


def _colours(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    reaches = (_BRIGHTNESS, _CONTRAST, _SATURATION)
    return 1 + np.stack(
        [rng.uniform(-reach, reach, (count, 1, 1, 1))[:, 0, 0, 0] for reach in reaches]
    )


def _colour(images: Images, colours: NDArray[np.float64]) -> Images:
    """Saturation, then contrast about an image's mean, then brightness: one matrix an image."""
    coloured = np.empty_like(images)
    for image, out, (brightness, contrast, saturation) in zip(
        images, coloured, colours.T, strict=True
    ):
        saturate = saturation * np.eye(3) + (1 - saturation) * GREY
        mean = (saturate @ cv2.mean(image)[:3]).mean()
        matrix = np.column_stack([contrast * saturate, np.full(3, (1 - contrast) * mean)])
        cv2.transform(image, brightness * matrix, out)
    return coloured
