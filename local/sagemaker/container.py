"""One run of an image as a process, its time bounded, stopped on request."""

import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from local import processes
from local.access.sessions import Session
from local.context import Cloud
from local.environment import container_environment
from local.images import LocalCommand

STOP_GRACE_S = 120.0  # SageMaker's time between SIGTERM and SIGKILL


@dataclass(frozen=True)
class Exit:
    """How a container ended: its exit code as an engine reports it, and why."""

    code: int
    cause: Literal["exited", "stopped", "overdue"]


class Container:
    """A container that can be asked to stop from another thread, even before it started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: processes.Process | None = None
        self._stopping = False
        self.beside: list[Container] = []  # of the job's other machines, stopped with this one

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stopping

    def run(
        self,
        cloud: Cloud,
        command: LocalCommand,
        variables: dict[str, str],
        log: Callable[[str], None],
        limit_s: float,
        *,
        session: Session | None,
    ) -> Exit:
        """Run to the end, or for `limit_s` seconds, and return how it ended.

        `variables` come on top of the image's own, below what the laptop decides; `session` is
        what the container may use.
        """
        env = container_environment(cloud, {**command.env, **variables}, session)
        with self._lock:
            if self._stopping:
                return Exit(0, "stopped")
            self._process = processes.spawn(command.argv, env, command.cwd, log)
        try:
            code = self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return Exit(_engine_code(processes.stop(self._process, STOP_GRACE_S)), "overdue")
        return Exit(_engine_code(code), "stopped" if self._stopping else "exited")

    def stop(self) -> None:
        """Ask the container to end; return at once."""
        for other in self.beside:
            other.stop()
        with self._lock:
            self._stopping = True
            process = self._process
        if process is not None:
            stopper = threading.Thread(target=processes.stop, args=(process, STOP_GRACE_S))
            stopper.daemon = True
            stopper.start()


def _engine_code(code: int) -> int:
    return code if code >= 0 else 128 - code  # killed by a signal: 128 + its number
