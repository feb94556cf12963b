"""A shard's images as they arrive: several at a time, and a stop that loses none."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING, TypeVar

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
    pool = ThreadPoolExecutor(workers)
    called_off = Event()
    to_begin = iter(rows)
    on_their_way: dict[Future[T], R] = {}
    stopped: BaseException | None = None
    until = deadline
    try:
        while True:
            if stopped is None:
                for row in islice(to_begin, workers - len(on_their_way)):
                    future = pool.submit(work, row, called_off.wait)
                    on_their_way[future] = row
            left = max(0.0, until - time.monotonic())
            arrived, _ = wait(on_their_way, left, FIRST_COMPLETED)
            errors = [error for future in arrived if (error := future.exception())]
            if stopped is None and on_their_way and (errors or not arrived):
                stopped = errors[0] if errors else ShardOutOfTime()
                until = time.monotonic() + GRACE
                called_off.set()
            elif not arrived:
                break
            for future in arrived:
                row = on_their_way.pop(future)
                if future.exception() is None:
                    yield row, future.result()
        if stopped is not None:
            raise stopped
    finally:
        called_off.set()
        # a stuck request ends by its own timeout; waiting for it could cost the function's life
        pool.shutdown(wait=False)
