"""A stream of JPEG pictures, of which each watcher gets the newest when it is ready for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

QUALITY = 85
UNTOUCHED = 95  # of frames that came as no JPEG, where they are shown as they are


def jpeg(frame: NDArray[np.uint8], quality: int = QUALITY) -> bytes:
    """Return a (h, w, 3) uint8 BGR frame as a JPEG."""
    _, encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


class Stream:
    """The newest picture. Who puts one never waits for who watches."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._picture = b""
        self._number = 0
        self._watchers = 0

    @property
    def watched(self) -> bool:
        """Return whether anybody wants pictures."""
        return self._watchers > 0

    def put(self, picture: bytes) -> None:
        """Show a picture from now on."""
        with self._changed:
            self._picture = picture
            self._number += 1
            self._changed.notify_all()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch for the length of the block."""
        with self._changed:
            self._watchers += 1
        try:
            yield
        finally:
            with self._changed:
                self._watchers -= 1

    def newer(self, number: int, seconds: float) -> tuple[int, bytes]:
        """Return the newest picture and its number, once that is above `number`.

        After so many seconds without one, the number is the same and the picture empty.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._number > number, seconds):
                return number, b""
            return self._number, self._picture
