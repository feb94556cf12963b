"""The processes that train one network together: one a machine, or one a GPU.

All do the same at the same time: each trains on its share of every batch and scores its share of
the validation images; the first of them alone speaks, keeps checkpoints and writes the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from trainer.contract import Base, JobRefused, read_json

T = TypeVar("T")


class Team(Protocol):
    """What they tell one another. Each method is called by all, in the same order.

    Raises JobRefused, naming the machine, where one of them is gone.
    """

    rank: int
    size: int
    local: int
    """Which of this machine's processes this is."""
    here: int
    """How many processes each machine has."""

    def first(self, value: T) -> T:
        """Return the value that the first of them has."""

    def all(self, value: T) -> list[T]:
        """Return the values of all, in their order."""

    def agree(self, wish: str) -> str:
        """Return why training must end, "" where none of them wishes that (`watch.WISHES`)."""

    def gather(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the rows of all, one after the other in their order."""


class Alone:
    """A team of one."""

    rank, size, local, here = 0, 1, 0, 1

    def first(self, value: T) -> T:
        """Return the value."""
        return value

    def all(self, value: T) -> list[T]:
        """Return the value alone."""
        return [value]

    def agree(self, wish: str) -> str:
        """Return the wish."""
        return wish

    def gather(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the rows."""
        return rows


ALONE: Team = Alone()


@dataclass(frozen=True)
class Hosts:
    """The machines of a job, in an order that all of them know, and which of them this one is."""

    names: tuple[str, ...]
    current: str
    interface: str
    """The network interface that leads to the others."""


def hosts_of(base: Base) -> Hosts:
    """Return what SageMaker's resourceconfig.json says; one machine where there is none."""
    path = base.resources
    if not path.is_file():
        return Hosts(("localhost",), "localhost", "lo")
    said = read_json(path, "the training job")
    names, current = said.get("hosts"), said.get("current_host")
    if not isinstance(names, list) or current not in names:
        raise JobRefused(f"{path.name}: hosts must be a list that holds current_host")
    interface = said.get("network_interface_name", "eth0")
    return Hosts(tuple(str(name) for name in names), str(current), str(interface))


def share(order: NDArray[np.int64], batch: int, rank: int, size: int) -> list[NDArray[np.int64]]:
    """Return one process's share of an epoch's order: its part of each batch, the last one too.

    Each image is in exactly one share. The parts of a batch differ by one image at most, and a
    process's parts of whole batches are all as large. The last batch may not be whole.
    """
    starts = range(0, len(order), batch)
    return [np.array_split(order[start : start + batch], size)[rank] for start in starts]


def dealt(images: Sequence[int], batch: int, least: int) -> list[int]:
    """Return how many images of each batch machines give that have so many images of their own.

    A machine's part of a batch is its part of all images, to the nearest whole image, but `least`
    at least; the parts add up to the batch. So all come through their images at the same time,
    in the same number of steps, however unlike their files are.
    """
    total = sum(images)
    parts = [max(least, batch * count // total) for count in images]

    def lacks(machine: int) -> int:
        return batch * images[machine] - parts[machine] * total

    everyone = range(len(images))
    while sum(parts) < batch:
        parts[max(everyone, key=lacks)] += 1
    while sum(parts) > batch:
        parts[min((one for one in everyone if parts[one] > least), key=lacks)] -= 1
    return parts
