"""Requests one after the other from several clients at once, and how long they took."""

import http.client
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

_PERCENT = 100


@dataclass
class Load:
    """What clients met: seconds of each request answered with 200, the number by other status."""

    seconds: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)
    wall: float = 0.0

    @property
    def rate(self) -> float:
        """Return the requests a second that were answered with 200."""
        return len(self.seconds) / self.wall

    def milliseconds(self, percent: int) -> float:
        """Return a percentile of the answered ones."""
        return (
            1000 * statistics.quantiles(self.seconds, n=_PERCENT, method="inclusive")[percent - 1]
        )

    def row(self) -> str:
        """Return p50, p95, p99 in ms, requests a second and failures as cells of a table."""
        cells = [f"{self.milliseconds(percent):.1f}" for percent in (50, 95, 99)]
        return " | ".join([*cells, f"{self.rate:.0f}", str(sum(self.refused.values()))])


class Client:
    """One connection that is kept, as browsers and SDKs do."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        self._path = parts.path
        self._headers = dict(headers)

    def ask(self, body: bytes) -> int:
        """Send one request and read its answer; return its status, 0 where there was none."""
        try:
            self._connection.request("POST", self._path, body, self._headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0
        return answer.status


def load(
    url: str,
    bodies: Sequence[bytes],
    clients: int,
    going_on: Callable[[int, float], bool],
    headers: Mapping[str, str],
) -> Load:
    """Let clients ask for the bodies in turn while `going_on(requests so far, seconds)` says so."""
    found, numbers, lock = Load(), count(), threading.Lock()
    began = time.perf_counter()

    def run() -> None:
        client = Client(url, headers)
        while True:
            number = next(numbers)
            if not going_on(number, time.perf_counter() - began):
                return
            started = time.perf_counter()
            status = client.ask(bodies[number % len(bodies)])
            took = time.perf_counter() - started
            with lock:
                if status == http.client.OK:
                    found.seconds.append(took)
                else:
                    found.refused[status] = found.refused.get(status, 0) + 1

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.wall = time.perf_counter() - began
    return found
