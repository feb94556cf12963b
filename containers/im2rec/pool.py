"""Worker processes that answer in order and survive an image that kills one of them.

Images go out in batches, at most a window of them at a time, and answers come back in the order of
the images, so the packed bytes do not depend on the number of workers. When a worker dies, nobody
knows whose fault it was: each image of the unanswered batches is then tried alone.
"""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, Self

import cv2

from im2rec.allocator import keep_freed_memory
from im2rec.errors import PackFailed
from im2rec.records import Unusable, pack_image
from im2rec.stopping import follow_parent, stops_held
from tagline.formats.reasons import Reason

BATCH = 16
MAX_CRASHES = 20  # more than a few means that the machine, not the images, is at fault
_CRASHED = Unusable(Reason.UNDECODABLE_IMAGE, "the decoder crashed on this image")
_PATIENCE = 1.0  # seconds until an answer that stays away is looked into
PackImage = Callable[[Any, Any], Any]  # of an image with an `identifier`, and the settings
_Batch = list[Any]
_Answers = Future[list[Any]]
_Sent = tuple[_Batch, _Answers]


class PackingPool:
    """Packs images in `workers` processes; a context manager that ends them.

    `pack` gets each image and the `spec`, both of which must survive pickling. `start` is how the
    processes begin: spawn, or fork, which is quicker and safe in a process that has no threads.
    """

    def __init__(
        self,
        spec: object,
        workers: int,
        pack: PackImage = pack_image,
        *,
        batch: int = BATCH,
        start: str = "spawn",
    ) -> None:
        self._spec = spec
        self._workers = workers
        self._pack = pack
        self._batch = batch
        self._start = start
        self._crashes = 0
        self._pool = _new_pool(workers, start)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._pool)

    def pack(self, images: Iterable[Any]) -> Iterator[Any]:
        """Yield the answer to each image, in order; raise PackFailed when workers keep dying.

        At most three batches a worker are read ahead of the answers, which bounds the memory.
        """
        source = iter(images)
        waiting: deque[_Sent] = deque()
        while True:
            while len(waiting) < 3 * self._workers and (batch := list(islice(source, self._batch))):
                waiting.append((batch, self._send(batch)))
            if not waiting:
                return
            batch, answers = waiting.popleft()
            try:
                yield from _answer(self._pool, answers)
            except BrokenProcessPool:
                _end(self._pool)
                self._pool = _new_pool(self._workers, self._start)
                waiting = deque((kept, self._rescue(kept, old)) for kept, old in waiting)
                yield from self._one_by_one(batch)

    def _submit(self, pool: ProcessPoolExecutor, batch: _Batch) -> _Answers:
        with stops_held():  # the first one starts the workers, and threads
            return pool.submit(_pack_batch, batch, self._spec, self._pack)

    def _send(self, batch: _Batch) -> _Answers:
        try:
            return self._submit(self._pool, batch)
        except BrokenProcessPool as exc:  # found out on sending: met again where answers are read
            lost = _Answers()
            lost.set_exception(exc)
            return lost

    def _rescue(self, batch: _Batch, answers: _Answers) -> _Answers:
        if answers.done() and not answers.cancelled() and answers.exception() is None:
            return answers
        rescued = _Answers()
        rescued.set_result(self._one_by_one(batch))
        return rescued

    def _one_by_one(self, batch: _Batch) -> list[Any]:
        answers: list[Any] = []
        alone = _new_pool(1, self._start)
        try:
            for image in batch:
                try:
                    answers.extend(_answer(alone, self._submit(alone, [image])))
                except BrokenProcessPool:
                    self._count_crash(image)
                    answers.append(_CRASHED)
                    _end(alone)
                    alone = _new_pool(1, self._start)
        finally:
            _end(alone)
        return answers

    def _count_crash(self, image: Any) -> None:
        self._crashes += 1
        if self._crashes > MAX_CRASHES:
            raise PackFailed(
                f"Worker processes died on {self._crashes} images, the last with id "
                f"{image.identifier}: give the task more memory or look at these images."
            )


def _start_worker() -> None:
    follow_parent()
    cv2.setNumThreads(1)  # the processes are the parallelism
    keep_freed_memory()


def _pack_batch(batch: _Batch, spec: object, pack: PackImage) -> list[Any]:
    return [pack(image, spec) for image in batch]


def _answer(pool: ProcessPoolExecutor, answers: _Answers) -> list[Any]:
    while not wait([answers], _PATIENCE).done:
        if not all(worker.is_alive() for worker in pool._processes.values()):  # noqa: SLF001
            _kill(pool)  # one died in the middle of an answer, and the pool waits for its rest
    return answers.result()


def _end(pool: ProcessPoolExecutor) -> None:
    _kill(pool)
    pool.shutdown(cancel_futures=True)


def _kill(pool: ProcessPoolExecutor) -> None:
    """Kill the workers and end the stream of their answers, so that the pool sees its end."""
    workers = list(pool._processes.values())  # noqa: SLF001
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.join()
    answers: Any = pool._result_queue  # noqa: SLF001
    answers._writer.close()  # noqa: SLF001


def _new_pool(workers: int, start: str) -> ProcessPoolExecutor:
    # spawn by default: forking a process that has threads (S3 transfers) can deadlock
    context = multiprocessing.get_context(start)
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
