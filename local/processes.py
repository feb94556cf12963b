"""Every process that stands for a container: started in its own group, stopped with it.

A second, tiny process (`local.undertaker`) is told of each group; should this one be killed
outright, it ends them.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

Log = Path | Callable[[str], None]
LONGEST_LINE = 65_536  # bytes; a longer one is logged in pieces
_DRAIN_SECONDS = 5.0


class Process:
    """A started process: `wait` for its exit code, `poll` whether it runs, `pid` of its group."""

    def __init__(self, popen: "subprocess.Popen[bytes]", log: Log) -> None:
        self._popen = popen
        self._reader: threading.Thread | None = None
        if popen.stdout is not None and callable(log):
            self._reader = threading.Thread(target=_copy, args=(popen.stdout, log), daemon=True)
            self._reader.start()

    @property
    def pid(self) -> int:
        """Process id, and id of the process group."""
        return self._popen.pid

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs; minus the signal's number when killed."""
        return self._popen.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once the process has ended and its last line has been logged.

        Raises subprocess.TimeoutExpired after `timeout` seconds.
        """
        code = self._popen.wait(timeout)
        if self._reader is not None:
            self._reader.join(_DRAIN_SECONDS)  # a child that outlives it may keep the pipe open
        return code


class Processes:
    """The registry of all running process groups."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, Process] = {}
        self._undertaker: subprocess.Popen[bytes] | None = None
        self._closed = False

    def spawn(self, argv: list[str], env: dict[str, str], cwd: Path, log: Log) -> Process:
        """Start a command in its own process group with exactly the environment given.

        `log` is a file that output is appended to, or a function called with each line (stdout
        and stderr together, no line end) in a thread of its own. Raises OSError when the command
        cannot be started, RuntimeError when the cloud is stopping.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("the laptop cloud is stopping and starts no process")
            process = Process(_start(argv, env, cwd, log), log)
            self._running[process.pid] = process
            self._tell(f"+{process.pid}")
        threading.Thread(target=self._forget, args=(process,), daemon=True).start()
        return process

    def adopt(self, popen: "subprocess.Popen[bytes]") -> None:
        """Have a process that somebody else started, and ends, ended if this one is killed.

        It must lead a group of its own.
        """
        with self._lock:
            self._tell(f"+{popen.pid}")
        threading.Thread(target=self._release, args=(popen,), daemon=True).start()

    def stop(self, process: Process, grace_s: float = 5.0) -> int:
        """Ask the process's group to end (SIGTERM), then kill it; return the exit code."""
        _signal_group(process, signal.SIGTERM)
        try:
            code = process.wait(grace_s)
        except subprocess.TimeoutExpired:
            _signal_group(process, signal.SIGKILL)
            code = process.wait()
        _signal_group(process, signal.SIGKILL)  # whatever it left behind in its group
        return code

    def stop_all(self, grace_s: float = 5.0) -> None:
        """Stop every group and start no more."""
        with self._lock:
            self._closed = True
            running = list(self._running.values())
        for process in running:
            _signal_group(process, signal.SIGTERM)
        stoppers = [threading.Thread(target=self.stop, args=(p, grace_s)) for p in running]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join()

    def _forget(self, process: Process) -> None:
        process.wait()
        with self._lock:
            self._running.pop(process.pid, None)
            self._tell(f"-{process.pid}")

    def _release(self, popen: "subprocess.Popen[bytes]") -> None:
        popen.wait()
        with self._lock:
            self._tell(f"-{popen.pid}")

    def _tell(self, line: str) -> None:
        if self._undertaker is None:
            self._undertaker = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("undertaker.py"))],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
        pipe = self._undertaker.stdin
        if pipe is not None:
            pipe.write(f"{line}\n".encode())
            pipe.flush()


def _start(argv: list[str], env: dict[str, str], cwd: Path, log: Log) -> "subprocess.Popen[bytes]":
    if callable(log):
        return subprocess.Popen(
            argv,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with log.open("ab") as file:
        return subprocess.Popen(
            argv,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _copy(pipe: IO[bytes], log: Callable[[str], None]) -> None:
    with pipe:
        while line := pipe.readline(LONGEST_LINE):
            log(line.decode("utf-8", errors="replace").rstrip("\r\n"))


def _signal_group(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


_processes = Processes()
adopt = _processes.adopt
spawn = _processes.spawn
stop = _processes.stop
stop_all = _processes.stop_all
