"""Where an image's pixels go in the square: fitting, resampling, turning, padding."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.spec import ImageSpec

Pixels = NDArray[np.uint8]
_TURNS = {
    3: cv2.ROTATE_180,
    4: cv2.ROTATE_180,
    5: cv2.ROTATE_90_CLOCKWISE,
    6: cv2.ROTATE_90_CLOCKWISE,
    7: cv2.ROTATE_90_COUNTERCLOCKWISE,
    8: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
_MIRRORED = {2, 4, 5, 7}


def fitted_size(width: int, height: int, spec: ImageSpec) -> tuple[int, int]:
    """Return the (width, height) to resample an image of that size to; each at least 1."""
    if spec.mode != "letterbox":
        return spec.size, spec.size
    longest = max(width, height)
    return tuple(max(1, (side * spec.size + longest // 2) // longest) for side in (width, height))  # type: ignore[return-value]


def decoded_size(width: int, height: int, spec: ImageSpec) -> tuple[int, int]:
    """Return the least (width, height) that a scaled decode must have to lose nothing visible."""
    if spec.mode != "crop":
        return fitted_size(width, height, spec)
    shortest = min(width, height)
    return -(-width * spec.size // shortest), -(-height * spec.size // shortest)


def resample(pixels: Pixels, size: tuple[int, int], spec: ImageSpec) -> Pixels:
    """Return the pixels at `size` (width, height), of the centre square alone in mode crop.

    A side that shrinks is averaged over areas, one that grows is interpolated linearly.
    """
    height, width = pixels.shape[:2]
    if spec.mode == "crop":
        side = min(width, height)
        top, left = (height - side) // 2, (width - side) // 2
        pixels = pixels[top : top + side, left : left + side]
        height = width = side
    smaller = (min(width, size[0]), min(height, size[1]))
    if smaller != (width, height):
        pixels = np.asarray(cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    if smaller != size:
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return pixels


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Return the pixels as EXIF `orientation` (1 … 8) wants them shown.

    3, 6 and 8 are turned; 2 is mirrored left to right, 4 top to bottom, 5 and 7 along a diagonal.
    """
    if orientation in _TURNS:
        pixels = np.asarray(cv2.rotate(pixels, _TURNS[orientation]), np.uint8)
    if orientation in _MIRRORED:
        pixels = np.asarray(cv2.flip(pixels, 1), np.uint8)
    return pixels


def flattened(pixels: Pixels, spec: ImageSpec) -> Pixels:
    """Return BGR: premultiplied BGRA is laid on the background, BGR stays as it is."""
    if pixels.shape[2] == 3:  # noqa: PLR2004
        return pixels
    behind = 255 - pixels[:, :, 3].astype(np.uint16)
    ground = (behind[:, :, None] * np.array(spec.background_bgr, np.uint16) + 127) // 255
    return np.asarray(np.minimum(pixels[:, :, :3] + ground, 255), np.uint8)


def centred(pixels: Pixels, spec: ImageSpec) -> Pixels:
    """Return the (size, size, 3) square with the pixels in its centre on the background."""
    height, width = pixels.shape[:2]
    if (height, width) == (spec.size, spec.size):
        return pixels
    square = np.full((spec.size, spec.size, 3), spec.background_bgr, np.uint8)
    top, left = (spec.size - height) // 2, (spec.size - width) // 2
    square[top : top + height, left : left + width] = pixels
    return square
