"""The camera loop: each frame through the model, to the streams and to who is told."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tagline_device.answer import Answer
from tagline_device.errors import UnusableVersion
from tagline_device.model import Model
from tagline_device.video.overlay import draw
from tagline_device.video.sources import Frame, Source, Taken
from tagline_device.video.stream import UNTOUCHED, Stream, jpeg

log = logging.getLogger(__name__)
STREAM_FPS = (
    25.0  # pictures a second are enough to look at, and each takes as long as a small model
)
_WINDOW = 2.0  # seconds over which frames are counted
_LOOKS = 0.2  # seconds after which who waits for a model looks whether to end
_QUIET = 5.0  # seconds without a frame after which the camera counts as gone


@dataclass(frozen=True)
class Seen:
    """A frame, and what the model of a version says of it; `at` in seconds since 1970."""

    at: float
    version: str
    dataset: str
    answer: Answer
    frame: Frame


class Loop:
    """Takes frames one after the other, in one thread; `use` may be called from any."""

    def __init__(
        self,
        source: Source,
        told: Callable[[Seen], object],
        *,
        fps_limit: float | None = None,
        stream_fps: float = STREAM_FPS,
    ) -> None:
        self.device, self.project = Stream(), Stream()
        self._source = source
        self._told = told
        self._least = 1 / fps_limit if fps_limit else 0.0
        self._between_pictures = 1 / stream_fps
        self._next_picture = 0.0
        self._model: Model | None = None
        self._given = threading.Event()
        self._times: deque[float] = deque(maxlen=1000)

    def use(self, model: Model) -> None:
        """Let a model see the frames from the next one on."""
        self._model = model
        self._given.set()

    @property
    def model(self) -> Model | None:
        """Return the model that sees the frames."""
        return self._model

    @property
    def fps(self) -> float:
        """Return how many frames a second came lately."""
        now = time.monotonic()
        recent = [at for at in tuple(self._times) if now - at <= _WINDOW]
        if len(recent) < 2:  # noqa: PLR2004 - one alone has no distance
            return 0.0
        return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-6)

    @property
    def alive(self) -> bool:
        """Return whether frames come."""
        times = tuple(self._times)
        return bool(times) and time.monotonic() - times[-1] < _QUIET

    def await_model(self, stop: threading.Event) -> None:
        """Return once there is a model, or somebody says stop."""
        if not self._given.is_set():
            log.info("the film begins with the first model; there is none yet")
        while not self._given.wait(_LOOKS) and not stop.is_set():
            pass

    def run(self, stop: threading.Event) -> None:
        """Go on until the source ends or somebody says stop."""
        due = time.monotonic()
        for taken in self._source.frames(stop):
            self.step(taken)
            due = max(due + self._least, time.monotonic() - self._least)
            if (ahead := due - time.monotonic()) > 0:
                stop.wait(ahead)

    def _asked(self, model: Model, frame: Frame) -> Answer | None:
        """Return what a model says, and tell it; None where it cannot score this frame."""
        try:
            answer = model.see(frame)
        except UnusableVersion as exc:  # the next frame may be another matter; the streams go on
            log.warning("a frame is not scored: %s", exc)
            return None
        manifest = model.manifest
        self._told(Seen(time.time(), manifest.version, manifest.dataset, answer, frame))
        return answer

    def step(self, taken: Taken) -> None:
        """Do what is done with one frame."""
        frame = taken.frame
        model, answer = self._model, None
        if model is not None:
            answer = self._asked(model, frame)
        now = time.monotonic()
        self._times.append(now)
        if now < self._next_picture:
            return
        self._next_picture = now + self._between_pictures
        if self.device.watched:
            self.device.put(taken.jpeg or jpeg(frame, UNTOUCHED))
        if self.project.watched:
            self.project.put(jpeg(draw(frame, answer, self.fps)))
