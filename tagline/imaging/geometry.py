"""Where an image's pixels go in the square: fitting, resampling, turning, padding."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tagline.formats.settings import ImageSettings, ImageSpec
from tagline.imaging.spec import bgr

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
# measured: above, one interpolation, or the average of four, is as close to full decode + area as
# averaging areas is
_LITTLE, _HALF = 2 / 3, 3 / 8


@dataclass(frozen=True)
class Window:
    """Which part of an image is wanted, and at what size.

    `centre` takes the centre square instead of the whole; `size` is the (width, height) that the
    part is resampled to, as the image is stored (before EXIF turns it).
    """

    size: tuple[int, int]
    centre: bool = False

    def needs(self, width: int, height: int) -> tuple[int, int]:
        """Return the least (width, height) of a scaled decode of an image that loses nothing."""
        if not self.centre:
            return self.size
        side = min(width, height)
        return -(-width * self.size[0] // side), -(-height * self.size[1] // side)


def window(width: int, height: int, spec: ImageSettings) -> Window:
    """Return what a dataset's `spec` wants of an image of that size; each side at least 1."""
    if spec.mode != "letterbox":
        return Window((spec.size, spec.size), centre=spec.mode == "crop")
    longest = max(width, height)
    across, down = (
        max(1, (side * spec.size + longest // 2) // longest) for side in (width, height)
    )
    return Window((across, down))


def resample(pixels: Pixels, wanted: Window, stored: tuple[int, int], scale: int) -> Pixels:
    """Return the wanted part of an image at its size.

    `pixels` were decoded at 1/`scale` of the `stored` (width, height), rounded up. A side that
    shrinks is averaged over areas, one that grows is interpolated linearly.
    """
    if scale > 1 and wanted.centre:
        return _centre_aligned(pixels, wanted.size, stored, scale)
    if wanted.centre:
        side = min(stored)
        left, top = ((whole - side) // 2 for whole in stored)
        pixels, stored = pixels[top : top + side, left : left + side], (side, side)
    pixels, scale = _halved(pixels, wanted.size, stored, scale, spare=2)
    return _aligned(pixels, wanted.size, stored, scale)


def _halved(
    pixels: Pixels, size: tuple[int, int], stored: tuple[int, int], scale: int, *, spare: int
) -> tuple[Pixels, int]:
    """Return the pixels and their scale, halved while `spare` times the size is left.

    Averaging 2 x 2 pixels is many times faster than averaging areas that begin within pixels.
    """
    enough = [2 * spare * wanted for wanted in size]
    while all(whole >= least * scale for whole, least in zip(stored, enough, strict=True)):
        height, width = pixels.shape[:2]
        odd = (0, height % 2, 0, width % 2)
        even = cv2.copyMakeBorder(pixels, *odd, cv2.BORDER_REPLICATE) if any(odd) else pixels
        half = ((width + 1) // 2, (height + 1) // 2)
        pixels = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
        scale *= 2
    return pixels, scale


def _aligned(pixels: Pixels, size: tuple[int, int], stored: tuple[int, int], scale: int) -> Pixels:
    """Resample scaled pixels by the exact ratio of `size` to `stored`.

    Of 1001 pixels a decode at 1/8 makes 126, of which 125.125 are the image: taking them all would
    move its far edge by up to a pixel of the result. The pixels are averages already, so where they
    shrink little more, interpolating them is as close to the average over the original as
    averaging again is, and faster; so is, down to 3/8, the average of four interpolations.
    """
    if scale == 1:
        return _whole(pixels, size)
    across, down = (wanted * scale / whole for wanted, whole in zip(size, stored, strict=True))
    if min(across, down) > _LITTLE:
        return _scaled(pixels, size, (across, down), cv2.INTER_LINEAR)
    if min(across, down) >= _HALF:
        twice = (2 * size[0], 2 * size[1])
        doubled = _scaled(pixels, twice, (2 * across, 2 * down), cv2.INTER_LINEAR)
        return np.asarray(cv2.resize(doubled, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _scaled(pixels, size, (across, down), cv2.INTER_AREA)


def _scaled(
    pixels: Pixels, size: tuple[int, int], factors: tuple[float, float], way: int
) -> Pixels:
    across, down = factors
    height, width = pixels.shape[:2]
    if (round(width * across), round(height * down)) == (width, height):
        return _placed(pixels, size, (1 / across, 1 / down), (0, 0))  # cv2.resize would just copy
    resized = cv2.resize(pixels, None, fx=across, fy=down, interpolation=way)
    return np.asarray(resized[: size[1], : size[0]], np.uint8)


def _placed(
    pixels: Pixels, size: tuple[int, int], step: tuple[float, float], start: tuple[float, float]
) -> Pixels:
    """Interpolate an image of `size` whose pixels lie `step` apart, from the edge `start` on."""
    (across, down), (left, top) = step, start
    matrix = np.array([[across, 0, left + across / 2 - 0.5], [0, down, top + down / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    found = cv2.warpAffine(pixels, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.uint8)


def _centre_aligned(
    pixels: Pixels, size: tuple[int, int], stored: tuple[int, int], scale: int
) -> Pixels:
    """Interpolate the centre square of scaled pixels, which may begin between two of them."""
    side = min(stored)
    pixels, scale = _halved(pixels, size, (side, side), scale, spare=1)
    fine = 1 if min(size) * scale / side > _LITTLE else 2
    width, height = (fine * wanted for wanted in size)
    step = (side / scale / width, side / scale / height)
    left, top = (((whole - side) // 2) / scale for whole in stored)
    found = _placed(pixels, (width, height), step, (left, top))
    return np.asarray(cv2.resize(found, size, interpolation=cv2.INTER_AREA), np.uint8)


def _whole(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    height, width = pixels.shape[:2]
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


def flattened(pixels: Pixels, background: tuple[int, int, int]) -> Pixels:
    """Return BGR: premultiplied BGRA is laid on the background (BGR), BGR stays as it is."""
    if pixels.shape[2] == 3:  # noqa: PLR2004
        return pixels
    behind = 255 - np.arange(256)[:, None]
    ground = ((behind * background + 127) // 255).astype(np.uint8)  # by alpha, then colour
    alpha = cv2.cvtColor(pixels[:, :, 3], cv2.COLOR_GRAY2BGR)
    colours = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    return np.asarray(cv2.add(colours, cv2.LUT(alpha, ground[None])), np.uint8)


def centred(pixels: Pixels, spec: ImageSpec) -> Pixels:
    """Return the (size, size, 3) square with the pixels in its centre on the background."""
    height, width = pixels.shape[:2]
    if (height, width) == (spec.size, spec.size):
        return pixels
    square = np.full((spec.size, spec.size, 3), bgr(spec.background), np.uint8)
    top, left = (spec.size - height) // 2, (spec.size - width) // 2
    square[top : top + height, left : left + width] = pixels
    return square
