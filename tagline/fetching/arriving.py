"""A shard's images as they arrive: several at a time, and a stop that loses none."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Event, Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from tagline.fetching.image import GRACE, Fetched, ShardOutOfTime, fetch_image
from tagline.formats.rows import PlannedRow

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WORKERS = 16
Wait = Callable[[float], bool]  # lets seconds pass; true where nobody wants the result any more
R = TypeVar("R")
T = TypeVar("T")


def images_as_they_arrive(
    rows: Sequence[PlannedRow], client: "S3Client", deadline: float
) -> Iterator[tuple[PlannedRow, Fetched]]:
    """Yield each row with its image, in order of arrival.

    A plan's shard holds 64 MiB of images, or one larger one: that bounds the memory.
    """

    def fetch(row: PlannedRow, wait: Wait) -> Fetched:
        return fetch_image(client, row, deadline, wait)

    return as_they_arrive(rows, fetch, deadline, WORKERS)


def as_they_arrive(
    rows: Sequence[R], work: Callable[[R, Wait], T], deadline: float, workers: int
) -> Iterator[tuple[R, T]]:
    """Yield each row with what `work` makes of it, in order of arrival, `workers` at a time.

    The first error, or the deadline (ShardOutOfTime), stops it: no row is begun any more, those on
    their way are yielded if they arrive within GRACE seconds, and then it is raised.
    """
    team = _Team(rows, work)
    pool = ThreadPoolExecutor(workers)
    at_work = min(workers, len(rows))
    for _ in range(at_work):
        pool.submit(team.work_on)
    stopped: BaseException | None = None
    until = deadline
    try:
        while at_work:
            try:
                arrival = team.arrivals.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                if stopped is not None:
                    break
                arrival = ShardOutOfTime()
            if arrival is None:
                at_work -= 1
            elif isinstance(arrival, tuple):
                yield arrival
            elif stopped is None:
                stopped, until = arrival, time.monotonic() + GRACE
                team.called_off.set()
        if stopped is not None:
            raise stopped
    finally:
        team.called_off.set()
        # a stuck request ends by its own timeout; waiting for it could cost the function's life
        pool.shutdown(wait=False)


class _Team(Generic[R, T]):
    """Rows in the hands of several threads, and what they make of them."""

    def __init__(self, rows: Sequence[R], work: Callable[[R, Wait], T]) -> None:
        self.called_off = Event()
        self.arrivals: SimpleQueue[tuple[R, T] | BaseException | None] = SimpleQueue()
        """A row and what was made of it, an error, or None for each thread that ends."""
        self._to_begin = iter(rows)
        self._taking = Lock()
        self._work = work

    def work_on(self) -> None:
        """Be one of the threads."""
        try:
            while (row := self._take()) is not None:
                self.arrivals.put((row, self._work(row, self.called_off.wait)))
        except BaseException as exc:  # noqa: BLE001 - raised where the arrivals are taken
            self.called_off.set()
            self.arrivals.put(exc)
        finally:
            self.arrivals.put(None)

    def _take(self) -> R | None:
        with self._taking:
            return None if self.called_off.is_set() else next(self._to_begin, None)
