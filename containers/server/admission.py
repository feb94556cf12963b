"""Who gets in: a budget of CPU time and memory, not a number of requests.

A small image takes milliseconds, one of 50 megapixels a second and 400 MB. So there are two lanes,
and what is heavy waits for the heavy alone; each lane takes no more than it can work off within
some seconds, so that nobody waits for an answer that comes too late.
"""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio

_LEARNING = 0.3  # share of a new measurement in what is expected
_AT_FIRST = 2.0  # seconds that a CPU second takes, where the CPU has other work
_SLOWEST = 20.0  # times as long as expected; a pause of the machine must not shut the lane


class Busy(Exception):
    """There is more to do than is done in time; `seconds` until a place may be free."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"there is work for {seconds:.1f} s already")
        self.seconds = seconds


class Lane:
    """Work of one weight: `slots` at once, and as much more as is begun within `patience` seconds.

    Work says beforehand how many CPU seconds it takes; how long such work really took here, on this
    machine and beside all else, corrects what is expected.
    """

    def __init__(self, slots: int, patience: float) -> None:
        self._slots = slots
        self._free = anyio.Semaphore(slots)
        self._patience = patience
        self._present = 0  # how many wait or are under way
        self._ahead = 0.0  # their CPU seconds
        self._pace = _AT_FIRST

    @property
    def wait(self) -> float:
        """Return after how many seconds work that comes now would begin."""
        if self._present < self._slots:
            return 0.0
        return self._ahead * self._pace / self._slots

    @asynccontextmanager
    async def turn(self, seconds: float) -> AsyncIterator[None]:
        """Wait for a place for work of so many CPU seconds; raise Busy where that takes too long.

        The place is free again when the block ends, or is cancelled while it waits.
        """
        if self.wait > self._patience:
            raise Busy(self.wait)
        self._present += 1
        self._ahead += seconds
        try:
            async with self._free:
                began = time.monotonic()
                yield
                taken = (time.monotonic() - began) / seconds
                self._pace += _LEARNING * (min(taken, _SLOWEST) - self._pace)
        finally:
            self._present -= 1
            self._ahead -= seconds


class Held:
    """The encoded images that are in memory, up to `most` bytes together."""

    def __init__(self, most: int) -> None:
        self._left = most

    @contextmanager
    def room(self) -> Iterator["Room"]:
        """Hold what the block takes until it ends."""
        room = Room(self)
        try:
            yield room
        finally:
            self._left += room.taken

    def take(self, size: int) -> None:
        """Take memory, or raise Busy."""
        if size > self._left:
            raise Busy(1.0)
        self._left -= size


class Room:
    """What one request holds."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self.taken = 0

    def take(self, size: int) -> None:
        """Hold so many bytes more; raise Busy where there is no room."""
        self._held.take(size)
        self.taken += size
