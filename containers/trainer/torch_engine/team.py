"""Processes that train together by torch.distributed: gloo between CPUs, NCCL between GPUs.

Whether training goes on is agreed upon before each step, by gloo: a process that died shows there
at once, on GPUs as well. Which one it was is told by their heartbeats.
"""

import atexit
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from trainer.contract import JobRefused
from trainer.team import ALONE, Hosts, Team
from trainer.watch import WISHES

T = TypeVar("T")
PORT = 29_400  # of the first machine
LOCAL_RANK = "LOCAL_RANK"  # set for the processes of a machine but its first
PROCESSES = "TRAINER_PROCESSES"  # how many a machine starts; its GPUs where nobody says
_TIMEOUT = timedelta(minutes=30)
_MEETING = timedelta(minutes=10)  # that machines may be apart in reading their channels
_BEAT, _SILENT = 0.5, 3.0  # seconds
_LINGER = 2.0  # seconds that the first keeps answering after it knows who is gone


def join(hosts: Hosts) -> Team:
    """Return the team of a job's machines and their GPUs; starts this machine's other processes.

    MASTER_ADDR and MASTER_PORT, as torch.distributed knows them, go before host and port.
    """
    here = int(os.environ.get(PROCESSES) or torch.cuda.device_count() or 1)
    if len(hosts.names) * here == 1:
        return ALONE
    if LOCAL_RANK not in os.environ:
        for number in range(1, here):
            environment = {**os.environ, LOCAL_RANK: str(number)}
            subprocess.Popen([sys.executable, "-m", "trainer", "train"], env=environment)
    return TorchTeam(hosts, here, int(os.environ.get(LOCAL_RANK, "0")))


class TorchTeam:
    """More than one process; `names` are theirs, by rank."""

    def __init__(self, hosts: Hosts, here: int, local: int) -> None:
        self.local, self.here = local, here
        self.rank = hosts.names.index(hosts.current) * here + local
        self.size = len(hosts.names) * here
        self.names = [
            f"{host}, process {number}" if here > 1 else host
            for host in hosts.names
            for number in range(here)
        ]
        os.environ.setdefault("GLOO_SOCKET_IFNAME", hosts.interface)
        os.environ.setdefault("NCCL_SOCKET_IFNAME", hosts.interface)
        self._left, self._failed = threading.Event(), False
        self._address = (
            os.environ.get("MASTER_ADDR", hosts.names[0]),
            int(os.environ.get("MASTER_PORT", PORT)),
        )
        try:
            self._store = self._connect(first=self.rank == 0)
            self._beats = self._connect()
            self._heart = threading.Thread(target=self._beat, daemon=True)
            self._heart.start()
            atexit.register(self._leave)
            self._meet()
            dist.init_process_group(
                "gloo", store=self._store, rank=self.rank, world_size=self.size, timeout=_TIMEOUT
            )
            self._gradients = dist.new_group(backend="nccl") if torch.cuda.is_available() else None
        except (RuntimeError, OSError) as exc:
            raise JobRefused(f"{self.names[self.rank]} could not join {self._all}: {exc}") from exc

    def _meet(self) -> None:
        """Wait until all are there; raises JobRefused naming who did not come."""
        keys = [f"beat/{rank}" for rank in range(self.size)]
        try:
            self._store.wait(keys, _MEETING)
        except RuntimeError as exc:
            late = [
                n for n, key in zip(self.names, keys, strict=True) if not self._store.check([key])
            ]
            raise JobRefused(
                f"{' and '.join(late)} did not come within {_MEETING.seconds // 60} minutes"
            ) from exc

    def first(self, value: T) -> T:
        """Return the value that rank 0 has."""
        box = [value]
        self._together(lambda: dist.broadcast_object_list(box, src=0))
        return box[0]

    def agree(self, wish: str) -> str:
        """Return the weightiest wish."""
        weight = torch.tensor(WISHES.index(wish))
        self._together(lambda: dist.all_reduce(weight, dist.ReduceOp.MAX))
        return WISHES[int(weight)]

    def all(self, value: T) -> list[T]:
        """Return the values of all, in the order of ranks."""
        found: list[Any] = [None] * self.size
        self._together(lambda: dist.all_gather_object(found, value))
        return found

    def gather(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the rows of all, in the order of ranks."""
        return np.concatenate(self.all(rows))

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        self._together(lambda: dist.all_reduce(flat, group=self._gradients))
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))

    @property
    def _all(self) -> str:
        return ", ".join(self.names)

    def _together(self, work: Callable[[], object]) -> None:
        try:
            work()
        except RuntimeError as exc:
            self._failed = True
            gone = " and ".join(self._gone()) or "another machine"
            raise JobRefused(
                f"{gone} ended in the middle of training, and the others cannot go on alone; "
                f"its own log says why, unless it was killed ({self.size} processes: {self._all})"
            ) from exc

    def _gone(self) -> list[str]:
        """Return the names of the processes whose hearts no longer beat."""
        others = [rank for rank in range(self.size) if rank != self.rank]
        try:
            before = [self._store.get(f"beat/{rank}") for rank in others]
            time.sleep(_SILENT)
            after = [self._store.get(f"beat/{rank}") for rank in others]
        except RuntimeError:  # the store is the first one's
            return [self.names[0]]
        gone = [self.names[r] for r, b, a in zip(others, before, after, strict=True) if a == b]
        if self.rank == 0:
            time.sleep(_LINGER)
        return gone

    def _beat(self) -> None:
        beats = 0
        try:
            while True:
                beats += 1
                self._beats.set(f"beat/{self.rank}", str(beats))
                if self._left.wait(_BEAT):
                    return
        except RuntimeError:  # the first process is gone, as the next step will find
            return

    def _leave(self) -> None:
        """End what runs in C++ before Python does."""
        self._left.set()
        self._heart.join()
        if not self._failed:
            dist.destroy_process_group()

    def _connect(self, *, first: bool = False) -> Any:
        host, port = self._address
        return dist.TCPStore(host, port, is_master=first, timeout=_TIMEOUT, wait_for_workers=False)
