"""Pixels of a JPEG by libjpeg-turbo, whose warnings about damaged data count as errors here."""

import re

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from imaging.errors import UndecodableImage
from imaging.header import ImageHeader

# libjpeg's warnings (jerror.h) about files whose pixels are whole. Some encoders pad the end by a
# few bytes; more are data that found no block, for damage before them used the blocks up.
_HARMLESS = re.compile(
    r" 1?\d extraneous bytes before marker 0xd9|unknown JFIF revision|Unknown Adobe color transform"
)


def decode_jpeg(data: bytes, header: ImageHeader, scale: int) -> NDArray[np.uint8]:
    """Return a grey or three-colour JPEG as BGR, decoded at 1/`scale` (1, 2, 4, 8), rounded up.

    Raise UndecodableImage when the bytes are damaged: also where a decoder could go on and would
    make up the rest.
    """
    try:
        return _decoded(data, header, scale, strict=True)
    except ValueError as exc:
        if not _HARMLESS.search(str(exc)):
            raise UndecodableImage(f"the JPEG is damaged or incomplete: {_said(exc)}") from exc
    try:
        return _decoded(data, header, scale, strict=False)
    except ValueError as exc:
        raise UndecodableImage(f"the JPEG is damaged or incomplete: {_said(exc)}") from exc


def _decoded(data: bytes, header: ImageHeader, scale: int, *, strict: bool) -> NDArray[np.uint8]:
    pixels = simplejpeg.decode_jpeg(
        data,
        "BGR",
        min_height=-(-header.height // scale),
        min_width=-(-header.width // scale),
        strict=strict,
    )
    return np.asarray(pixels, np.uint8)


def _said(exc: ValueError) -> str:
    return str(exc).strip().removeprefix("Corrupt JPEG data: ")
