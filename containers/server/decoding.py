"""Runs in a process of its own: what a large image becomes."""

import os

import cv2
from numpy import uint8
from numpy.typing import NDArray

from tagline.formats.settings import ImageSpec
from tagline.imaging import Limits, preprocess

_BEHIND = 5  # what nice(1) takes: a third of the CPU that small images get where they want it


def decode_aside(image: bytes, spec: ImageSpec, limits: Limits) -> NDArray[uint8]:
    """Return the pixels that a model sees; raise ImageError."""
    os.setpriority(os.PRIO_PROCESS, 0, _BEHIND)
    cv2.setNumThreads(1)
    return preprocess(image, spec, limits)
