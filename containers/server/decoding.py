"""Runs in a process of its own: what a large image becomes."""

import os

import cv2
from numpy import uint8
from numpy.typing import NDArray

from tagline.formats.settings import ImageSpec
from tagline.imaging import Limits, preprocess

_LAST_IN_LINE = 19  # of the CPU: small images go first


def decode_aside(image: bytes, spec: ImageSpec, limits: Limits) -> NDArray[uint8]:
    """Return the pixels that a model sees; raise ImageError."""
    os.setpriority(os.PRIO_PROCESS, 0, _LAST_IN_LINE)
    cv2.setNumThreads(1)
    return preprocess(image, spec, limits)
