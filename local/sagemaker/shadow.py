"""A shadow: a model server that is given a share of an endpoint's requests, and answers nobody.

Copies wait in a short line of their own, after the caller has been answered; when it is full, they
are dropped and counted, so that a slow shadow keeps nobody waiting.
"""

import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable
from http import HTTPStatus

from local.sagemaker.capture import Capture
from local.sagemaker.invocations import Invocations
from local.sagemaker.server import Reply, Server, ServerFailed

_WAITING = 16  # copies, each of 6 MiB at most
_AT_ONCE = 2
_INFERENCE_ID = "x-amzn-sagemaker-inference-id"
_Copy = tuple[bytes, dict[str, str]]


class Beside:
    """What goes on beside an endpoint's server: its answers are captured, its requests copied."""

    def __init__(
        self,
        endpoint: str,
        variant: str,
        *,
        capture: Capture | None,
        shadow: Server | None,
        invocations: Invocations,
        log: Callable[[str], None],
    ) -> None:
        self.shadow = shadow
        self._endpoint = endpoint
        self._variant = variant
        self._capture = capture
        self._invocations = invocations
        self._log = log
        self._copies: queue.Queue[_Copy | None] = queue.Queue(_WAITING)
        self._counting = threading.Lock()
        self._copied = self._dropped = 0

    def start(self) -> None:
        """Start the shadow and wait until it is healthy; raises ServerFailed."""
        if self._capture is not None:
            self._capture.start()
        if self.shadow is None:
            return
        self.shadow.start()
        self._invocations.look_closely(self._endpoint, closely=True)
        for _ in range(_AT_ONCE):
            threading.Thread(target=self._ask_on, name="shadow", daemon=True).start()

    def answered(self, body: bytes, headers: dict[str, str], reply: Reply) -> None:
        """Capture an answer, and hand its request to the shadow if it is one of the share."""
        self._captured(self._variant, headers, reply)
        shadow = self.shadow
        if shadow is None or random.random() >= shadow.serving.weight:  # noqa: S311 - no secret
            return
        try:
            self._copies.put_nowait((body, headers))
        except queue.Full:
            with self._counting:
                self._dropped += 1
        else:
            with self._counting:
                self._copied += 1

    def stop(self) -> None:
        """Let the shadow end, and write what was captured."""
        self.leave()
        if self.shadow is not None:
            self._log(f"the shadow got {self._copied} requests; {self._dropped} were dropped")
            self._invocations.look_closely(self._endpoint, closely=False)
            self.shadow.stop()
        if self._capture is not None:
            self._capture.stop()

    def leave(self) -> None:
        """Copy nothing more."""
        if self.shadow is not None:
            self.shadow.leave()
            while True:  # whatever waits makes room for the word to end
                try:
                    self._copies.put_nowait(None)
                except queue.Full:
                    with contextlib.suppress(queue.Empty):
                        self._copies.get_nowait()
                else:
                    return

    def _ask_on(self) -> None:
        while (copy := self._copies.get()) is not None:
            self._ask(*copy)
        self._copies.put(None)  # for the others

    def _ask(self, body: bytes, headers: dict[str, str]) -> None:
        shadow = self.shadow
        if shadow is None:
            return
        began, status = time.monotonic(), int(HTTPStatus.SERVICE_UNAVAILABLE)
        serving = shadow.serving
        try:
            reply = shadow.invoke(body, headers)
        except (ServerFailed, TimeoutError) as exc:
            self._log(f"the shadow did not answer: {exc}")
        else:
            status = reply.status
            self._captured(serving.variant, headers, reply)
        took = time.monotonic() - began
        self._invocations.add(self._endpoint, serving.variant, took, status, serving.config)

    def _captured(self, variant: str, headers: dict[str, str], reply: Reply) -> None:
        if self._capture is not None and reply.status < HTTPStatus.BAD_REQUEST:
            self._capture.add(variant, headers.get(_INFERENCE_ID), reply)
