"""Who listens to a device over MQTT, and a line to it that can be cut."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.edge.device_world import DEVICE
from tests.laptop import LaptopCloud, free_port


@dataclass
class Heard:
    """What arrived, in its order: topics and documents."""

    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def results(self) -> list[dict[str, Any]]:
        """Return the device's results."""
        return [told for topic, told in tuple(self.messages) if topic.endswith("/results")]

    def states(self) -> list[tuple[int, str | None]]:
        """Return which versions health and shadow told, and as which message."""
        found = []
        for number, (topic, told) in enumerate(tuple(self.messages)):
            if topic.endswith("/health"):
                found.append((number, told["version"]))
            elif topic.endswith("/shadow/update"):
                found.append((number, told["state"]["reported"]["version"]))
        return found


@contextmanager
def listening(cloud: LaptopCloud) -> Iterator[Heard]:
    """Listen to the device for the length of a `with` block."""
    heard, subscribed = Heard(), threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="listener", transport="websockets")
    client.ws_set_options("/mqtt")

    def subscribe() -> None:
        client.subscribe([(f"tagline/{DEVICE}/#", 1), (f"$aws/things/{DEVICE}/shadow/update", 1)])

    client.on_connect = lambda *_: subscribe()
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _, __, message: heard.messages.append(
        (message.topic, json.loads(message.payload))
    )
    client.connect("127.0.0.1", cloud.port)
    client.loop_start()
    assert subscribed.wait(20)
    try:
        yield heard
    finally:
        client.loop_stop()
        client.disconnect()


class Line:
    """A TCP line to the cloud that can be cut: who is on it is gone, and nobody gets through."""

    def __init__(self, cloud: LaptopCloud) -> None:
        self.port = free_port()
        self._names = (f"127.0.0.1:{self.port}".encode(), f"127.0.0.1:{cloud.port}".encode())
        self._to = ("127.0.0.1", cloud.port)
        self._open = threading.Event()
        self._open.set()
        self._ends: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self) -> str:
        """What device.json calls it."""
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Cut it."""
        self._open.clear()
        for end in tuple(self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let it be whole again."""
        self._open.set()

    def close(self) -> None:
        """End it."""
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                there, _ = self._listening.accept()
                if not self._open.is_set():
                    there.close()
                    continue
                here = socket.create_connection(self._to)
                self._ends |= {there, here}
                for pair in ((there, here), (here, there)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data.replace(*self._names) if data.startswith(b"GET ") else data)
        for end in (source, sink):
            self._ends.discard(end)
            with suppress(OSError):
                end.close()
