"""One connection: results go out in their order until they are acknowledged; jobs come in."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import paho.mqtt.client as mqtt
from msgspec import structs

from tagline.formats.document import UnreadableDocument, decode_record, encode_record
from tagline.formats.edge_messages import EdgeResult, results_topic
from tagline_device.results.outbox import Outbox, Waiting

log = logging.getLogger(__name__)
WINDOW = 20  # results on their way at once
PER_SECOND = 60.0  # results after a time offline; IoT Core takes 100 a second of a connection
_LOOK = 0.1  # seconds the connection is listened to at a time
_GREETING = 15.0  # seconds in which a connection has to be accepted
_SILENCE = 60.0  # seconds in which something that is on its way has to be acknowledged
_AGAIN = 300.0  # seconds after which hearers ask again, for an answer may be lost


class Hearer(Protocol):
    """Somebody who listens to topics."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics, of which some may have wildcards."""

    def connected(self) -> None:
        """Hear that the topics are subscribed to, so that answers arrive; again now and then."""

    def hear(self, topic: str, payload: bytes) -> None:
        """Hear a message."""


class Session:
    """A connection from its opening to its end, all of it in one thread.

    `delivered` is how many results were taken. `posted` are messages that go out first.
    """

    def __init__(
        self, made: mqtt.Client, device: str, outbox: Outbox, posted: deque[tuple[str, bytes]]
    ) -> None:
        self.delivered = 0
        self.hearers: list[Hearer] = []
        self.welcome: Callable[[], object] = bool
        self._client, self._outbox, self._posted = made, outbox, posted
        self._topic = results_topic(device)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.max_inflight_messages_set(0)  # the window is ours
        self._greeted: str | None = None
        self._ready = False
        self._heard_at = self._asked_at = 0.0
        self._under_way: dict[int, int] = {}  # the result's sequence by the message's number
        self._acknowledged: list[int] = []
        self._sent = 0  # the highest sequence
        self._next_at = 0.0
        self._fetched: deque[Waiting] = deque()

    def run(self, stop: threading.Event) -> None:
        """Go on until somebody says stop; raise ConnectionError where the connection ends."""
        began = time.monotonic()
        try:
            while not stop.is_set():
                if (code := self._client.loop(_LOOK)) != mqtt.MQTT_ERR_SUCCESS:
                    raise ConnectionError(self._greeted or mqtt.error_string(code))
                self._settle()
                if self._ready:
                    self._look_after(time.monotonic())
                    self._send()
                elif time.monotonic() - began > _GREETING:
                    raise ConnectionError(self._greeted or "it was not accepted in time")
        finally:
            self._client.disconnect()
            self._settle()

    def _on_connect(self, client: mqtt.Client, _: Any, __: Any, code: Any, ___: Any) -> None:
        if code.is_failure:
            self._greeted = str(code)
            return
        topics = [(topic, 1) for hearer in self.hearers for topic in hearer.topics]
        if topics:
            client.subscribe(topics)
        else:
            self._welcome()

    def _on_subscribe(self, _: mqtt.Client, __: Any, ___: int, codes: Any, ____: Any) -> None:
        if refused := [str(code) for code in codes if code.is_failure]:
            self._greeted = f"a topic is refused: {refused[0]}"
        else:
            self._welcome()

    def _welcome(self) -> None:
        self._ready = True
        self._heard_at = time.monotonic()
        self.welcome()

    def _look_after(self, now: float) -> None:
        """Let hearers ask, first and then again; raise ConnectionError where nothing arrives."""
        if self._under_way and now - self._heard_at > _SILENCE:
            raise ConnectionError(f"nothing was acknowledged for {_SILENCE:.0f} s")
        if not self._asked_at or now - self._asked_at > _AGAIN:
            self._asked_at = now
            for hearer in self.hearers:
                hearer.connected()

    def _on_message(self, _: mqtt.Client, __: Any, message: mqtt.MQTTMessage) -> None:
        for hearer in self.hearers:
            if any(mqtt.topic_matches_sub(topic, message.topic) for topic in hearer.topics):
                hearer.hear(message.topic, bytes(message.payload))

    def _on_publish(self, _: mqtt.Client, __: Any, number: int, ___: Any, ____: Any) -> None:
        if (sequence := self._under_way.pop(number, None)) is not None:
            self._acknowledged.append(sequence)

    def _settle(self) -> None:
        """Forget what was acknowledged: not before, and never what was not."""
        if self._acknowledged:
            self._heard_at = time.monotonic()
            self._outbox.delivered(self._acknowledged)
            self.delivered += len(self._acknowledged)
            self._acknowledged = []

    def _send(self) -> None:
        while self._posted:
            topic, payload = self._posted.popleft()
            self._client.publish(topic, payload, qos=1)
        while len(self._under_way) < WINDOW and time.monotonic() >= self._next_at:
            if not self._fetched:
                self._fetched.extend(self._outbox.after(self._sent, WINDOW))
            if not self._fetched:
                return
            self._send_result(self._fetched.popleft())

    def _send_result(self, waiting: Waiting) -> None:
        self._sent = waiting.sequence
        try:
            result = decode_record(waiting.body, EdgeResult, f"result {waiting.sequence}")
        except UnreadableDocument as exc:  # of a disk that lies: it would stop all that follow
            log.warning("passed over: %s", exc)
            self._acknowledged.append(waiting.sequence)
            return
        message = encode_record(structs.replace(result, sequence=waiting.sequence))
        if not self._under_way:
            self._heard_at = time.monotonic()
        sent = self._client.publish(self._topic, message, qos=1)
        self._under_way[sent.mid] = waiting.sequence
        self._next_at = max(self._next_at + 1 / PER_SECOND, time.monotonic() - 1)
