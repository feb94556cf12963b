"""The machines of a training job: a folder and a container each, on this one."""

import shutil
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from local.sagemaker.container import Container, Exit

_GRACE = 30.0  # seconds that the others have to tell which machine is gone
Run = Callable[["Machine", dict[str, str]], Exit]


@dataclass
class Machine:
    """One of them: its name as resourceconfig.json tells it, its folder for /opt/ml."""

    name: str
    base: Path
    container: Container


@dataclass
class Machines:
    """All of a job; the first has the job's own folder and container."""

    all: list[Machine]
    _ended: list[Exit] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, count: int, base: Path, container: Container) -> "Machines":
        """Return so many machines; the job's container stops the others with it."""
        if count == 1:
            return cls([Machine("localhost", base, container)])
        container.beside = [Container() for _ in range(count - 1)]
        folders = [base, *(base.with_name(f"{base.name}-{n}") for n in range(2, count + 1))]
        containers = [container, *container.beside]
        return cls(
            [
                Machine(f"algo-{number}", *pair)
                for number, pair in enumerate(zip(folders, containers, strict=True), 1)
            ]
        )

    @property
    def names(self) -> list[str]:
        """Their names, in order."""
        return [machine.name for machine in self.all]

    def clear(self) -> None:
        """Make their folders anew, empty."""
        for machine in self.all:
            shutil.rmtree(machine.base, ignore_errors=True)
            machine.base.mkdir()

    def run(self, work: Run) -> Exit:
        """Run on all at once; return the first end that was not well, else a good one.

        `work` runs a machine's container with variables of its own. Where one has failed, the
        others are stopped, after they had time to say so.
        """
        self._ended.clear()
        if len(self.all) == 1:
            return work(self.all[0], {})
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
        # as torch.distributed knows them: a laptop's machines have no names of their own
        variables = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        threads = [
            threading.Thread(target=self._one, args=(machine, variables, work), daemon=True)
            for machine in self.all
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return next((end for end in self._ended if _bad(end)), self._ended[0])

    def _one(self, machine: Machine, variables: dict[str, str], work: Run) -> None:
        end = Exit(1, "exited")
        try:
            end = work(machine, variables)
        finally:
            with self._lock:
                self._ended.append(end)
            if _bad(end):
                timer = threading.Timer(_GRACE, self._stop)
                timer.daemon = True
                timer.start()

    def _stop(self) -> None:
        for machine in self.all:
            machine.container.stop()


def _bad(end: Exit) -> bool:
    return end.code != 0 or end.cause != "exited"
