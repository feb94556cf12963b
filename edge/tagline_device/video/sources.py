"""Where frames come from: a film gives every one, a camera the newest."""

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from tagline_device.backoff import Backoff
from tagline_device.errors import Refused

Frame = NDArray[np.uint8]
_LIVE = ("rtsp://", "rtsps://", "http://", "https://")
_MOTION_JPEG = cv2.VideoWriter.fourcc(*"MJPG")
_AS_STORED = -1  # of CAP_PROP_FORMAT: packets that are not decoded
_COLOUR = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
_LOOKS = 0.5  # seconds after which a loop that waits for frames looks whether it is to end


class Taken(NamedTuple):
    """A frame, (h, w, 3) uint8 BGR, and the JPEG that it came as, if it did."""

    frame: Frame
    jpeg: bytes | None = None


class Source(Protocol):
    """Frames until there are no more or somebody says stop."""

    def frames(self, stop: threading.Event) -> Iterator[Taken]:
        """Yield them."""


def open_source(source: str, *, loop: bool) -> "Film | Camera":
    """Return what `--source` names; raise Refused where it is nothing that gives frames."""
    cv2.setNumThreads(1)  # the model and the streams want the other cores
    if source.startswith(_LIVE) or source.startswith("/dev/"):
        return Camera(source)
    if not Path(source).is_file():
        raise Refused(f"--source {source}: no such file, no /dev/video…, no rtsp:// address")
    film = Film(source, loop=loop)
    with closing(film.frames(threading.Event())) as frames:
        next(frames)  # what is no film is said now, not once there is a model
    return film


class Film:
    """A file: every frame, as fast as they are taken; over and over with `loop`, else it `ends`."""

    def __init__(self, path: str, *, loop: bool) -> None:
        self._path = path
        self.ends = not loop

    def frames(self, stop: threading.Event) -> Generator[Taken, None, None]:
        """Yield each frame; raise Refused where the file has none."""
        while not stop.is_set():
            film = cv2.VideoCapture(self._path)
            seen = 0
            try:
                for taken in _read(film):
                    seen += 1
                    yield taken
                    if stop.is_set():
                        break
            finally:
                film.release()
            if not seen and not stop.is_set():
                raise Refused(f"--source {self._path}: no frame can be read of it")
            if self.ends:
                return


class Camera:
    """A camera or a stream: the newest frame. What the model has no time for is not kept.

    It is opened again, with growing pauses, for as long as nothing comes.
    """

    ends = False

    def __init__(self, address: str) -> None:
        self._address = address
        self._changed = threading.Condition()
        self._newest: Frame | None = None

    def frames(self, stop: threading.Event) -> Iterator[Taken]:
        """Yield the newest frame, each once."""
        reader = threading.Thread(target=self._read, args=(stop,), name="camera", daemon=True)
        reader.start()
        while not stop.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._newest is not None, _LOOKS)
                frame, self._newest = self._newest, None
            if frame is not None:
                yield Taken(frame)

    def _read(self, stop: threading.Event) -> None:
        backoff = Backoff()
        while not stop.is_set():
            camera = cv2.VideoCapture(_number(self._address))
            camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            began = time.monotonic()
            while not stop.is_set():
                there, frame = camera.read()
                if not there:
                    break
                with self._changed:
                    self._newest = np.asarray(frame, np.uint8)
                    self._changed.notify()
            camera.release()
            if time.monotonic() - began > backoff.most:
                backoff.reset()
            stop.wait(backoff.next())


def _read(film: cv2.VideoCapture) -> Iterator[Taken]:
    """Yield a film's frames; of motion JPEG with their bytes, which need no encoding."""
    motion_jpeg = int(film.get(cv2.CAP_PROP_FOURCC)) == _MOTION_JPEG
    raw = motion_jpeg and film.set(cv2.CAP_PROP_FORMAT, _AS_STORED)
    while True:
        there, read = film.read()
        if not there:
            return
        if not raw:
            yield Taken(np.asarray(read, np.uint8))
        elif (frame := cv2.imdecode(read.reshape(-1), _COLOUR)) is not None:
            yield Taken(np.asarray(frame, np.uint8), read.tobytes())


def _number(address: str) -> str | int:
    """Return /dev/video0 as 0, which is what OpenCV opens on any build."""
    tail = address.removeprefix("/dev/video")
    return int(tail) if tail != address and tail.isdigit() else address
