"""An emulated job of several machines: the first trains, the others hand it files of their own.

What machines learn that keep in step (kv_store: dist_sync) is what one learns from all of their
images, and the emulation's engine trains on one. So the first takes the records of the others to
its own, in the machines' order, where each has files of its own (ShardedByS3Key), and each ends
when the first has.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from time import monotonic, sleep

from trainer.contract import JobRefused
from trainer.team import Hosts

_PORT = 29_400  # of the first machine, as our trainer's own teams have it
_PATIENCE = 600.0  # seconds until a machine has read its channels
_AGAIN = 0.2  # seconds
_BLOCK = 1 << 20  # bytes
_DONE = b"done"


@contextmanager
def leading(hosts: Hosts) -> Iterator[list[Connection]]:
    """Give the first machine a line to each of the others, in their order; tell them of the end."""
    lines: dict[str, Connection] = {}
    others = [name for name in hosts.names if name != hosts.current]
    if others:
        with Listener(_address(hosts), authkey=_key()) as listener:
            while len(lines) < len(others):
                line = listener.accept()
                lines[line.recv_bytes().decode()] = line
    yield [lines[name] for name in others]
    for line in lines.values():
        line.send_bytes(_DONE)


def take(lines: list[Connection], target: Path) -> int:
    """Append to a record file what the others hand over; return how many records that is."""
    count = 0
    with target.open("ab") as file:
        for line in lines:
            count += int(line.recv_bytes())
            while block := line.recv_bytes():
                file.write(block)
    return count


def follow(hosts: Hosts, records: Path | None, count: int) -> None:
    """Hand so many records to the first machine, or none, and wait until it has done.

    Raises JobRefused where it ends before.
    """
    line = _called(hosts)
    try:
        line.send_bytes(hosts.current.encode())
        if records is not None:
            line.send_bytes(str(count).encode())
            with records.open("rb") as file:
                while block := file.read(_BLOCK):
                    line.send_bytes(block)
            line.send_bytes(b"")
        line.recv_bytes()
    except (EOFError, OSError) as exc:
        raise JobRefused(f"{hosts.names[0]} ended before the training did; see its log") from exc


def _called(hosts: Hosts) -> Connection:
    began = monotonic()
    while True:
        try:
            return Client(_address(hosts), authkey=_key())
        except OSError as exc:
            if monotonic() - began > _PATIENCE:
                raise JobRefused(f"{hosts.names[0]} does not answer: {exc}") from exc
            sleep(_AGAIN)


def _address(hosts: Hosts) -> tuple[str, int]:
    name = os.environ.get("MASTER_ADDR", hosts.names[0])
    return name, int(os.environ.get("MASTER_PORT", _PORT))


def _key() -> bytes:
    """Return what tells this job's machines from others'; nothing but bytes is exchanged."""
    return os.environ.get("TRAINING_JOB_NAME", "emulated").encode()
