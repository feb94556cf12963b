"""One model server: a process by SageMaker's hosting container contract.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import http.client
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from local import processes
from local.access.sessions import session_of
from local.context import HOST, Cloud
from local.environment import container_environment
from local.images import command_of

HEALTH_LIMIT_S = 240.0  # SageMaker's default time to become healthy
INVOCATION_LIMIT_S = 60.0
LARGEST_REPLY = 25 * 2**20
_PING_LIMIT_S = 2.0
_PING_EVERY_S = 0.05
_STOP_GRACE_S = 30.0
_FIRST_STARTS = 2
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0  # between a second death in a row and the next start
_PATIENCE_S = 5.0  # in a longer pause calls are refused at once
_LONG_RUN_S = 600.0  # after which a death is no longer one of a row


class ServerFailed(RuntimeError):
    """The server did not become healthy, or cannot be reached."""


@dataclass(frozen=True)
class Serving:
    """What to serve: an image with the model under `base`/model. Kept across restarts."""

    base: str
    image: str
    environment: dict[str, str]
    config: str
    variant: str
    weight: float = 1.0
    health_limit_s: float = HEALTH_LIMIT_S
    serverless: dict[str, int] | None = None
    role: str = ""  # whose credentials the container may use; empty for none


@dataclass(frozen=True)
class Reply:
    """A container's answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Companion(Protocol):
    """What goes on beside a server: told of each answer, it may not keep a caller waiting."""

    def start(self) -> None:
        """Begin; raises ServerFailed."""

    def answered(self, body: bytes, headers: dict[str, str], reply: Reply) -> None:
        """Take note of an answer."""

    def stop(self) -> None:
        """End with the server."""

    def leave(self) -> None:
        """Start nothing more: the cloud stops."""


class Server:
    """A server process that is started again whenever it dies, after pauses that grow."""

    def __init__(self, cloud: Cloud, serving: Serving, log: Callable[[str], None]) -> None:
        self.serving = serving
        self.beside: Companion | None = None
        self._cloud = cloud
        self._log = log
        self._port = 0
        self._process: processes.Process | None = None
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._pausing = False
        self._idle = threading.Condition()
        self._calls = 0

    def start(self) -> None:
        """Start and wait until healthy; raises ServerFailed, with nothing left running."""
        try:
            self._become_ready(_FIRST_STARTS)
            if self.beside is not None:
                self.beside.start()
        except BaseException:
            self.stop()
            raise
        self.resume()

    def resume(self) -> None:
        """Keep a process running from now on, whether one runs already or not."""
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Take no more calls, let those under way finish, and end the process."""
        if self.beside is not None:
            self.beside.stop()
        self._stopping.set()
        self._ready.set()  # wakes who waits; `invoke` sees that it stops
        with self._idle:
            self._idle.wait_for(lambda: self._calls == 0, timeout=INVOCATION_LIMIT_S)
        if self._process is not None:
            processes.stop(self._process, _STOP_GRACE_S)

    def leave(self) -> None:
        """Start no more processes: the cloud stops and ends the one that runs."""
        if self.beside is not None:
            self.beside.leave()
        self._stopping.set()
        self._ready.set()

    def invoke(
        self, body: bytes, headers: dict[str, str], limit_s: float = INVOCATION_LIMIT_S
    ) -> Reply:
        """Pass a request to `/invocations`; raises ServerFailed, TimeoutError after its limit."""
        with self._idle:
            self._calls += 1
        try:
            waited = not self._pausing and self._ready.wait(INVOCATION_LIMIT_S)
            if not waited or self._stopping.is_set():
                raise ServerFailed("the model server is not running")
            return self._request("POST", "/invocations", limit_s, body, headers)
        except ConnectionError as exc:
            raise ServerFailed(f"the model server cannot be reached: {exc}") from exc
        except http.client.HTTPException as exc:
            raise ServerFailed(f"the model server broke off its answer: {exc!r}") from exc
        finally:
            with self._idle:
                self._calls -= 1
                self._idle.notify_all()

    def _become_ready(self, starts: int) -> None:
        deadline = time.monotonic() + self.serving.health_limit_s
        process = self._launch()
        while not self._healthy():
            code = process.poll()
            if code is not None:
                starts -= 1
                if starts <= 0:
                    raise ServerFailed(
                        f"the container ended with exit code {code} before it was healthy"
                    )
                process = self._launch()
            if time.monotonic() > deadline:
                raise ServerFailed(
                    "the container did not pass the ping health check within "
                    f"{self.serving.health_limit_s:g} seconds"
                )
            if self._stopping.wait(_PING_EVERY_S):
                raise ServerFailed("the laptop cloud was stopped")
        self._ready.set()

    def _launch(self) -> processes.Process:
        command = command_of(self.serving.image, ["serve"], cloud=self._cloud)
        self._port = _free_port()
        variables = {
            **self.serving.environment,
            "SAGEMAKER_BASE_DIR": self.serving.base,
            "SAGEMAKER_BIND_TO_PORT": str(self._port),
        }
        role = self.serving.role
        session = session_of(role, "SageMaker") if role else None
        env = container_environment(self._cloud, {**command.env, **variables}, session)
        self._process = processes.spawn(command.argv, env, command.cwd, self._log)
        return self._process

    def _healthy(self) -> bool:
        try:
            return self._request("GET", "/ping", _PING_LIMIT_S).status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False

    def _watch(self) -> None:
        """Start the process again when it ends by itself, as often as it takes."""
        deaths = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            reason = self._ended()
            if self._stopping.is_set():
                return
            self._ready.clear()
            deaths = deaths + 1 if time.monotonic() - started < _LONG_RUN_S else 1
            pause = pause_before(deaths)
            self._log(f"{reason}; it is started again" + (f" in {pause:g} s" if pause else ""))
            self._pausing = pause > _PATIENCE_S
            if self._stopping.wait(pause):
                return
            self._pausing = False
            try:
                self._become_ready(1)
            except (ValueError, OSError, RuntimeError) as exc:
                if self._stopping.is_set():
                    self._halted()
                    return
                self._log(f"the model server did not come back: {exc}")

    def _ended(self) -> str:
        """Wait for the process to end, if one runs; tell how it ended."""
        if self._process is None:
            return "no model server runs"
        code = self._process.wait() if self._ready.is_set() else self._halted()
        return f"the model server ended by itself with exit code {code}"

    def _halted(self) -> int | None:
        """End a process that did not become healthy."""
        if self._process is not None and self._process.poll() is None:
            processes.stop(self._process, _STOP_GRACE_S)
        return self._process.poll() if self._process else None

    def _request(
        self,
        method: str,
        path: str,
        limit_s: float,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=limit_s)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            content = response.read(LARGEST_REPLY + 1)
            lowered = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, lowered, content)
        finally:
            connection.close()


def pause_before(deaths: int) -> float:
    """Return how long to wait, in seconds, before a start after so many deaths in a row."""
    if deaths <= 1:
        return 0.0
    return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * float(2 ** min(deaths - 2, 16)))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
