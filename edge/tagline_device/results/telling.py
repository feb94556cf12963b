"""From what was seen to the messages that go out: results by the outbox, unsure frames by quota."""

import base64
import hashlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable

import cv2

from tagline.formats.device_options import Sending
from tagline.formats.document import encode_record
from tagline.formats.edge_messages import EdgeFrame, EdgeResult, frames_topic
from tagline_device.clock import stamp
from tagline_device.results.choosing import Chooser
from tagline_device.results.outbox import Outbox
from tagline_device.video.loop import Seen
from tagline_device.video.sources import Frame
from tagline_device.video.stream import jpeg

log = logging.getLogger(__name__)
_MOST_JPEG = 70_000  # bytes: less than 100 kB with base64's third and what is said beside it
_QUALITIES = (85, 70, 50)
_FRAMES = "frames:"
_AT_ONCE = 64  # results that wait for the disk; a card that takes longer is as good as none
_PLACEHOLDER = 1


class Teller:
    """Takes what was seen without ever holding up the loop; a thread of its own writes.

    `send(topic, payload)` says whether a message could be handed over, which it cannot offline.
    """

    def __init__(
        self,
        device: str,
        sending: Sending,
        outbox: Outbox,
        send: Callable[[str, bytes], bool],
    ) -> None:
        self.missed = 0
        self._device = device
        self._sending = sending
        self._outbox = outbox
        self._send = send
        self._chooser = Chooser(sending.results_per_second, change_only=sending.change_only)
        self._frame_at = -sending.frame_seconds
        self._queue: queue.Queue[tuple[Seen, bool, bool] | None] = queue.Queue(_AT_ONCE)
        self._thread = threading.Thread(target=self._write, name="results", daemon=True)
        self._thread.start()

    def tell(self, seen: Seen) -> None:
        """Take what was seen; what is told of it is decided here and now."""
        now = time.monotonic()
        result = self._chooser.wants(seen.answer, seen.version, now)
        frame = (
            self._sending.frames_per_day > 0
            and seen.answer.unsure
            and now - self._frame_at >= self._sending.frame_seconds
        )
        if frame:
            self._frame_at = now
        if result or frame:
            try:
                self._queue.put_nowait((seen, result, frame))
            except queue.Full:
                self.missed += 1

    def close(self) -> None:
        """Write what was taken."""
        self._queue.put(None)
        self._thread.join()

    def _write(self) -> None:
        while (taken := self._queue.get()) is not None:
            seen, result, frame = taken
            try:
                if result:
                    self._outbox.put(encode_record(self._result(seen)))
                if frame:
                    self._tell_frame(seen)
            except sqlite3.Error as exc:  # a full or damaged card; streams and updates go on
                self.missed += 1
                log.warning("a result could not be kept: %s", exc)

    def _result(self, seen: Seen) -> EdgeResult:
        said = seen.answer
        return EdgeResult(
            device=self._device,
            dataset=seen.dataset,
            version=seen.version,
            sequence=_PLACEHOLDER,  # the outbox numbers it
            at=stamp(seen.at),
            label=said.label,
            unsure=said.unsure,
            confidence=said.confidence,
            scores=said.scores,
            tags=said.tags,
        )

    def _tell_frame(self, seen: Seen) -> None:
        at = stamp(seen.at)
        today = f"{_FRAMES}{at[:10]}"
        if self._outbox.number(today) >= self._sending.frames_per_day:
            return
        picture = small_jpeg(seen.frame)
        message = EdgeFrame(
            device=self._device,
            dataset=seen.dataset,
            version=seen.version,
            at=at,
            confidence=seen.answer.confidence,
            scores=seen.answer.scores,
            sha256=hashlib.sha256(picture).hexdigest(),
            jpeg=base64.b64encode(picture).decode(),
        )
        if self._send(frames_topic(self._device), encode_record(message)):
            self._outbox.count(today)
            self._outbox.forget_counts(_FRAMES, but=today)


def small_jpeg(frame: Frame) -> bytes:
    """Return a frame as a JPEG of at most 70,000 bytes: coarser, and then smaller, where needed."""
    while True:
        for quality in _QUALITIES:
            if len(picture := jpeg(frame, quality)) <= _MOST_JPEG:
                return picture
        half = (max(1, frame.shape[1] // 2), max(1, frame.shape[0] // 2))
        frame = cv2.resize(frame, half, interpolation=cv2.INTER_AREA)
