"""A thread that keeps the device connected, hands over what waits, and hears what comes.

A connection is made anew each time, and nothing of one is carried into the next: what was not
acknowledged is in the outbox still, and goes out again in its order.
"""

import logging
import threading
import time
from collections import deque
from pathlib import Path

from tagline.formats.devices import DeviceConfig
from tagline_device.backoff import Backoff
from tagline_device.cloud import connecting
from tagline_device.cloud.session import Hearer, Session
from tagline_device.results.outbox import Outbox

log = logging.getLogger(__name__)
_MOST_POSTED = 200
_LOOK = 0.1  # seconds the connection is listened to at a time


class Messenger:
    """Sends an outbox's results, each until it is acknowledged, and what is posted while online."""

    def __init__(self, config: DeviceConfig, folder: Path, outbox: Outbox) -> None:
        self._config, self._folder, self._outbox = config, folder, outbox
        self._hearers: list[Hearer] = []
        self._posted: deque[tuple[str, bytes]] = deque(maxlen=_MOST_POSTED)
        self._online = threading.Event()
        self._backoff = Backoff()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    @property
    def online(self) -> bool:
        """Return whether there is a connection."""
        return self._online.is_set()

    def add(self, hearer: Hearer) -> None:
        """Let somebody hear; before `start`."""
        self._hearers.append(hearer)

    def start(self) -> None:
        """Connect, and stay so."""
        connecting.client(self._config, self._folder)  # what cannot work is said before the start
        self._thread.start()

    def post(self, topic: str, payload: bytes) -> bool:
        """Send a message that is worth nothing later; return whether there is a connection."""
        if not self.online:
            return False
        self._posted.append((topic, payload))
        return True

    def close(self, seconds: float) -> None:
        """End once nothing waits, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and (self._outbox.waiting or self._posted):
            if not self.online:
                break
            time.sleep(_LOOK)
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._connected()
            except OSError as exc:
                log.info("no connection to %s: %s", self._config.endpoint, exc)
            except Exception:
                log.exception("the connection ended by an error of this program")
            finally:
                self._online.clear()
                self._posted.clear()
            if not self._stop.is_set():
                self._stop.wait(self._backoff.next())

    def _connected(self) -> None:
        """Be connected until that ends; one that delivered something is soon made again."""
        made = connecting.client(self._config, self._folder)
        session = Session(made, self._config.device, self._outbox, self._posted)
        session.hearers = self._hearers
        session.welcome = self._online.set
        try:
            connecting.open_connection(made, self._config)
            session.run(self._stop)
        finally:
            if session.delivered:
                self._backoff.reset()
