"""Runs in a process of its own: what a large image becomes."""

import cv2
from numpy import uint8
from numpy.typing import NDArray

from tagline.formats.settings import ImageSpec
from tagline.imaging import Limits, preprocess


def decode_aside(image: bytes, spec: ImageSpec, limits: Limits) -> NDArray[uint8]:
    """Return the pixels that a model sees; raise ImageError."""
    cv2.setNumThreads(1)  # requests are the parallelism
    return preprocess(image, spec, limits)
