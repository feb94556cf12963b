"""Processes of PyTorch's image that start where its imports are done: two seconds less each.

A session starts one process, which has loaded what is PyTorch's and nothing of ours, and is copied
(fork) for each run of the trainer; arguments, environment, folder and signals are the run's own.
"""

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, NoReturn


@dataclass(frozen=True)
class Started:
    """A run of the trainer that goes on; its own connection tells how it ended."""

    arguments: list[str]
    answer: BinaryIO
    said: Path

    def wait(self) -> "subprocess.CompletedProcess[str]":
        """Return what it said and its exit code, minus the signal's number where one ended it.

        Raises TimeoutError if it takes more than five minutes; it is killed then.
        """
        pid = int(self.answer.readline())
        try:
            code = int(self.answer.readline())
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise
        told = [(self.said / name).read_text() for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess(self.arguments, code, *told)


def start(python: Path, arguments: list[str], folder: Path, environment: dict[str, str]) -> Started:
    """Start Python with arguments (`-m MODULE …` or `-c CODE`) in `folder`, by a copy."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(300)
    connection.connect(str(_loaded(python)))
    said = Path(tempfile.mkdtemp(prefix="said-", dir=os.environ["TAGLINE_STATE"]))
    asked = [arguments, str(folder), environment, str(said)]
    connection.sendall(json.dumps(asked).encode() + b"\n")
    return Started(arguments, connection.makefile("rb"), said)


@cache
def _loaded(python: Path) -> Path:
    """Start the process that is copied; return its socket. It ends with this session."""
    path = Path(os.environ["TAGLINE_STATE"]) / "warm"
    process = subprocess.Popen(
        [python, __file__, path],
        env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "PARENT": str(os.getpid())},
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    return path


def _serve(path: str) -> NoReturn:
    import torch._dynamo  # noqa: F401 - what a run spends its first seconds on

    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    server.settimeout(5)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    while os.getppid() == int(os.environ["PARENT"]):
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(connection)
        connection.close()
    sys.exit()


def _answer(connection: socket.socket) -> NoReturn:
    asked = json.loads(connection.makefile().readline())
    pid = os.fork()
    if not pid:
        connection.close()
        _become(*asked)
    connection.sendall(f"{pid}\n".encode())
    connection.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())
    os._exit(0)


def _become(arguments: list[str], folder: str, environment: dict[str, str], said: str) -> NoReturn:
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(Path(said) / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:1] = ["", *environment["PYTHONPATH"].split(":")]  # in place of this file's folder
    how, what, *rest = arguments
    sys.argv = [how, *rest]
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
    sys.exit()


if __name__ == "__main__":
    _serve(sys.argv[1])
