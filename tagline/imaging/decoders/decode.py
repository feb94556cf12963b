"""Bytes to stored pixels, by the decoder that the header asks for."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tagline.imaging.decoders.jpeg import decode_jpeg
from tagline.imaging.decoders.opencv import decode_by_opencv
from tagline.imaging.decoders.png import decode_png
from tagline.imaging.errors import UndecodableImage
from tagline.imaging.headers import png, webp
from tagline.imaging.headers.header import ImageHeader

Pixels = NDArray[np.uint8]
_SCALES = (8, 4, 2)
_OPAQUE, _WITH_ALPHA = 3, 4


def decode(data: bytes, header: ImageHeader, wanted: tuple[int, int]) -> tuple[Pixels, int]:
    """Return the pixels and the scale at which they were decoded: 1, or for a JPEG 2, 4 or 8.

    The pixels are (h, w, 3) BGR or, where the file has transparency, (h, w, 4) BGRA premultiplied;
    h and w are the header's divided by the scale, rounded up. The scale is the largest that does
    not fall below `wanted` (width, height). EXIF orientation is not applied. Raise
    UndecodableImage when the bytes are damaged.
    """
    scale = scale_of(header, wanted)
    pixels = _stored(data, header, scale)
    if pixels.shape[:2] != (-(-header.height // scale), -(-header.width // scale)):
        raise UndecodableImage(f"the {header.format} is damaged: it has not the size that it says")
    return pixels, scale


def scale_of(header: ImageHeader, wanted: tuple[int, int]) -> int:
    """Return the scale at which `decode` decodes an image of which that size is wanted."""
    if header.format != "jpeg":
        return 1
    fits = min(header.width // wanted[0], header.height // wanted[1])
    return next((scale for scale in _SCALES if scale <= fits), 1)


def _stored(data: bytes, header: ImageHeader, scale: int) -> Pixels:
    if header.cmyk:
        from tagline.imaging.colour import decode_cmyk  # noqa: PLC0415 - most images do without Pillow

        return decode_cmyk(data, header, scale)
    if header.format == "jpeg":
        return decode_jpeg(data, header, scale)
    if header.format == "png":
        data = png.pixel_chunks(data)
    if header.in_animation:
        return _only_frame(data, header)
    if header.samples:
        return _premultiplied(decode_png(data, header), header)
    pixels = decode_by_opencv(data, cv2.IMREAD_UNCHANGED, header.format)
    return _premultiplied(pixels, header)


def _only_frame(data: bytes, header: ImageHeader) -> Pixels:
    """Return the canvas with its only frame; what the frame leaves free is transparent."""
    frame = webp.only_frame(data)
    pixels = decode_by_opencv(frame.data, cv2.IMREAD_UNCHANGED, header.format)
    picture = _premultiplied(pixels, header)
    size = (frame.height, frame.width)
    if picture.shape[:2] != size or size == (header.height, header.width):
        return picture
    right, bottom = (
        header.width - frame.left - frame.width,
        header.height - frame.top - frame.height,
    )
    if right < 0 or bottom < 0:
        raise UndecodableImage("the WebP's frame lies outside of its canvas")
    if picture.shape[2] == _OPAQUE:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA), np.uint8)
    placed = cv2.copyMakeBorder(
        picture, frame.top, bottom, frame.left, right, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0)
    )
    return np.asarray(placed, np.uint8)


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
