"""Pixels of a JPEG by libjpeg-turbo, whose warnings about damaged data count as errors here."""

import io
import re

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from tagline.imaging.decoders.opencv import decode_by_opencv
from tagline.imaging.errors import UndecodableImage
from tagline.imaging.headers import jpeg
from tagline.imaging.headers.header import ImageHeader

Pixels = NDArray[np.uint8]
# Some encoders pad the end by a few bytes; more than that are data that found no block, for damage
# before them used the blocks up.
_PADDED = re.compile(r"Corrupt JPEG data: 1?\d extraneous bytes before marker 0xd9")
# Sound files that TurboJPEG refuses and plain libjpeg decodes: rare sampling factors, wrong numbers
# in a header that say nothing about the pixels.
_UNUSUAL = re.compile(
    "Could not determine subsampling|unknown JFIF revision|Unknown Adobe color transform"
    "|Invalid SOS parameters"
)
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def decode_jpeg(data: bytes, header: ImageHeader, scale: int, colours: str = "BGR") -> Pixels:
    """Return a JPEG as (h, w, 3) BGR or (h, w, 4) CMYK, decoded at 1/`scale`, rounded up.

    The scale is 1, 2, 4 or 8; inks of CMYK are as they are stored, by Adobe's custom 255 for none.
    Raise UndecodableImage when the bytes are damaged: also where a decoder could go on and would
    make up the rest, except in files that TurboJPEG does not take.
    """
    if header.stray:
        data = jpeg.without_stray_bytes(data)
    try:
        return _strictly(data, header, scale, colours)
    except ValueError as exc:
        if _UNUSUAL.search(str(exc)):
            jpeg.check_end(data)
            return _leniently(data, header, scale, colours)
        said = str(exc).strip().removeprefix("Corrupt JPEG data: ")
        raise UndecodableImage(f"the JPEG is damaged or incomplete: {said}") from exc


def _leniently(data: bytes, header: ImageHeader, scale: int, colours: str) -> Pixels:
    """Return the pixels by plain libjpeg, which makes up what damage has taken."""
    if colours == "BGR":
        flags = _REDUCED[scale] | cv2.IMREAD_IGNORE_ORIENTATION
        return np.asarray(decode_by_opencv(data, flags, "jpeg"), np.uint8)
    from PIL import JpegImagePlugin  # noqa: PLC0415 - OpenCV would hand out no inks

    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as image:
            image.draft(None, (header.width // scale, header.height // scale))
            return np.asarray(255 - np.asarray(image, np.uint8), np.uint8)
    except (OSError, SyntaxError, ValueError) as exc:
        raise UndecodableImage(f"the JPEG is damaged or incomplete: {exc}") from exc


def _strictly(data: bytes, header: ImageHeader, scale: int, colours: str) -> Pixels:
    """Return the pixels; raise ValueError with libjpeg's words."""
    try:
        return _decoded(data, header, scale, colours, strict=True)
    except ValueError as exc:
        if not _PADDED.search(str(exc)):
            raise
    return _decoded(data, header, scale, colours, strict=False)


def _decoded(data: bytes, header: ImageHeader, scale: int, colours: str, *, strict: bool) -> Pixels:
    size = simplejpeg.decode_jpeg_header(data, strict=strict)[:2]
    if size != (header.height, header.width):  # nobody may get past the limits by a second header
        raise UndecodableImage("the JPEG says two different sizes")
    pixels = simplejpeg.decode_jpeg(
        data,
        colours,
        min_height=-(-header.height // scale),
        min_width=-(-header.width // scale),
        strict=strict,
    )
    return np.asarray(pixels, np.uint8)
