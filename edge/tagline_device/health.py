"""How the device is: its shadow, its health message, and what /healthz answers."""

import threading
import time
from pathlib import Path

from msgspec import json as json_

from tagline.formats.devices import DeviceConfig
from tagline.formats.document import encode_record
from tagline.formats.edge_messages import EdgeHealth, EdgeState, health_topic
from tagline_device.clock import stamp
from tagline_device.cloud.messenger import Messenger
from tagline_device.results.outbox import Outbox
from tagline_device.video.loop import Loop

THERMAL = Path("/sys/class/thermal")
_HOTTEST = 200.0  # °C; above it a sensor is broken
_SAID = 500  # characters of the last update


class Health:
    """Says how the device is, when it is asked and every so many seconds."""

    topics: tuple[str, ...] = ()

    def __init__(
        self, config: DeviceConfig, loop: Loop, outbox: Outbox, messenger: Messenger | None
    ) -> None:
        self.update: str | None = None
        self._config, self._loop, self._outbox = config, loop, outbox
        self._messenger = messenger
        self._began = time.monotonic()

    def look(self) -> EdgeHealth:
        """Return how the device is now."""
        model = self._loop.model
        return EdgeHealth(
            device=self._config.device,
            dataset=self._config.dataset,
            version=model.manifest.version if model else None,
            at=stamp(time.time()),
            fps=round(self._loop.fps, 1),
            temperature=temperature(),
            uptime=round(time.monotonic() - self._began, 1),
            buffered=self._outbox.waiting,
            dropped=self._outbox.dropped,
            camera=self._loop.alive,
            update=self.update,
        )

    def say(self, update: str | None = None) -> None:
        """Tell shadow and topic, where there is a connection; `update` is what came of one."""
        if update is not None:
            self.update = update[:_SAID]
        if self._messenger is None:
            return
        health = self.look()
        state = EdgeState(**{name: getattr(health, name) for name in EdgeState.__struct_fields__})
        reported = json_.encode({"state": {"reported": state}})
        self._messenger.post(f"$aws/things/{self._config.device}/shadow/update", reported)
        self._messenger.post(health_topic(self._config.device), encode_record(health))

    def connected(self) -> None:
        """Say it once there is a connection."""
        self.say()

    def hear(self, topic: str, payload: bytes) -> None:
        """Hear nothing: no topic was asked for."""

    def keep_saying(self, stop: threading.Event) -> None:
        """Say it every so many seconds until somebody says stop."""
        while not stop.wait(self._config.sending.health_seconds):
            self.say()


def temperature(thermal: Path = THERMAL) -> float | None:
    """Return the board's temperature in °C, of its hottest zone; None where it has no sensor."""
    found = []
    for path in sorted(thermal.glob("thermal_zone*/temp")):
        try:
            degrees = int(path.read_text()) / 1000
        except (OSError, ValueError):  # a zone that is switched off answers with an error
            continue
        if 0 < degrees < _HOTTEST:
            found.append(degrees)
    return max(found, default=None)
