"""OpenCV's decoder, with its ways of failing as one error."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tagline.imaging.errors import UndecodableImage


def decode_by_opencv(data: bytes, flags: int, kind: str) -> NDArray[np.generic]:
    """Return the pixels that cv2.imdecode makes with these flags.

    Raise UndecodableImage, which says the image's `kind`, when the bytes are damaged.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as exc:
        raise UndecodableImage(f"the {kind} decoder failed: {exc.err}") from exc
    if pixels is None:
        raise UndecodableImage(f"the {kind} is damaged or incomplete")
    return np.asarray(pixels)
