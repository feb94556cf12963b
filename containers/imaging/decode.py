"""Bytes to stored pixels: one OpenCV call, chosen from the header."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.errors import UndecodableImage
from imaging.header import ImageHeader

Pixels = NDArray[np.uint8]
_SCALED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
    (1, cv2.IMREAD_COLOR),
)
_OPAQUE, _WITH_ALPHA = 3, 4


def decode(data: bytes, header: ImageHeader, wanted: tuple[int, int]) -> tuple[Pixels, int]:
    """Return the pixels and the scale at which they were decoded: 1, or for a JPEG 2, 4 or 8.

    The pixels are (h, w, 3) BGR or, where the file has transparency, (h, w, 4) BGRA premultiplied;
    h and w are the header's divided by the scale, rounded up. The scale is the largest that does
    not fall below `wanted` (width, height). EXIF orientation is not applied. Raise
    UndecodableImage when the bytes are damaged.
    """
    scale, flags = _how(header, wanted)
    if header.profile is not None and header.profile.space == "cmyk":
        from imaging.colour import decode_cmyk  # noqa: PLC0415 - most images do without Pillow

        return decode_cmyk(data, header.profile, scale), scale
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as exc:
        raise UndecodableImage(f"the {header.format} decoder failed: {exc.err}") from exc
    expected = (-(-header.height // scale), -(-header.width // scale))
    if pixels is None or pixels.shape[:2] != expected:
        raise UndecodableImage(f"the {header.format} is damaged or incomplete")
    return (pixels if header.format == "jpeg" else _premultiplied(pixels, header)), scale


def _how(header: ImageHeader, wanted: tuple[int, int]) -> tuple[int, int]:
    if header.format != "jpeg":
        return 1, cv2.IMREAD_UNCHANGED
    scale, flags = next(
        (scale, flags)
        for scale, flags in _SCALED
        if scale == 1 or (header.width >= scale * wanted[0] and header.height >= scale * wanted[1])
    )
    return scale, flags | cv2.IMREAD_IGNORE_ORIENTATION


def _premultiplied(pixels: NDArray[np.generic], header: ImageHeader) -> Pixels:
    """Return BGR or premultiplied BGRA: colours under full transparency must not bleed out."""
    if pixels.ndim == 2:  # noqa: PLR2004 - greyscale
        return _from_grey(pixels, header)
    if pixels.shape[2] not in {_OPAQUE, _WITH_ALPHA}:
        raise UndecodableImage(f"the decoder returned {pixels.shape[2]} channels")
    eight = _eight_bits(pixels)
    if eight.shape[2] == _OPAQUE:
        return eight
    return np.asarray(cv2.cvtColor(eight, cv2.COLOR_RGBA2mRGBA), np.uint8)


def _from_grey(pixels: NDArray[np.generic], header: ImageHeader) -> Pixels:
    grey = _eight_bits(pixels)
    if header.transparent_grey is None:
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    alpha = np.where(pixels == header.transparent_grey, np.uint8(0), np.uint8(255))
    grey = np.where(alpha, grey, np.uint8(0))
    return np.asarray(cv2.merge((grey, grey, grey, alpha)), np.uint8)


def _eight_bits(pixels: NDArray[np.generic]) -> Pixels:
    if pixels.dtype == np.uint16:
        return np.asarray(cv2.convertScaleAbs(pixels, alpha=1 / 257), np.uint8)
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    raise UndecodableImage(f"the decoder returned samples of type {pixels.dtype}")
