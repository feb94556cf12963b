"""Worker processes that answer in order and survive an image that kills one of them.

Images go out in batches, at most a window of them at a time, and answers come back in the order of
the images, so the packed bytes do not depend on the number of workers. When a worker dies, each
image of the batch that it had in hand is tried alone, in a process of its own.

A worker asks for its next batch when it begins one, so that it never waits, and takes it before it
answers: of the two ends of a pipe one always reads, however large a batch or its answers are.
"""

import gc
import multiprocessing
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection, wait
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
_DIED = (EOFError, OSError)  # what its pipe says of a process
_READ_AHEAD = 3  # batches a worker, with those that wait for their turn
_Answers = list[Any] | Exception
PackImage = Callable[[Any, Any], Any]  # of an image with an `identifier`, and the settings


class PackingPool:
    """Packs images in `workers` processes; a context manager that ends them.

    `pack` gets each image and the `spec`, both of which must survive pickling. `start` is how the
    processes begin, when they are needed: spawn, or fork, which is quicker and safe in a process
    that has no threads.
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
        self._batch = batch
        self._crashes = 0
        # spawn by default: forking a process that has threads (S3 transfers) can deadlock
        context = multiprocessing.get_context(start)
        self._workers, self._alone = (
            [_Worker(context, spec, pack) for _ in range(count)] for count in (workers, 1)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers + self._alone:
            worker.end()

    def pack(self, images: Iterable[Any]) -> Iterator[Any]:
        """Yield the answer to each image, in order; raise PackFailed when workers keep dying.

        At most three batches a worker are read ahead of the answers, which bounds the memory.
        """
        source = iter(images)
        turns: deque[_Batch] = deque()  # all that are under way, in the images' order
        again: deque[_Batch] = deque()  # of a worker that died before it came to them

        def following() -> _Batch | None:
            if again:
                return again.popleft()
            if len(turns) == _READ_AHEAD * len(self._workers):
                return None
            batch = _Batch(list(islice(source, self._batch)))
            if batch.images:
                turns.append(batch)
            return batch if batch.images else None

        try:
            self._hand_out(following)
            while turns:
                if turns[0].answers is None:
                    self._listen(again)
                else:
                    yield from turns.popleft().result()
                self._hand_out(following)
        finally:
            for worker in self._workers:
                if worker.given:  # for nobody any more
                    worker.end()

    def _hand_out(self, following: "Callable[[], _Batch | None]") -> None:
        """Give to those that have nothing to do, then to those that ask for more."""
        for worker in sorted(self._workers, key=lambda each: len(each.given)):
            if worker.asks:
                if batch := following():
                    worker.give(batch)
                elif worker.given:
                    worker.let_answer()

    def _listen(self, again: "deque[_Batch]") -> None:
        """Take in what workers say, once one of them says something."""
        pipes = {worker.pipe: worker for worker in self._workers if worker.pipe}
        for pipe in wait(list(pipes)):
            worker = pipes[pipe]  # type: ignore[index]
            try:
                worker.listen()
            except _DIED:
                lost = list(worker.given)
                worker.end()
                for batch in lost[:1]:
                    batch.answers = self._one_by_one(batch.images)
                again.extend(lost[1:])

    def _one_by_one(self, images: list[Any]) -> list[Any]:
        answers: list[Any] = []
        alone = self._alone[0]
        for image in images:
            batch = _Batch([image])
            alone.give(batch)
            try:
                while batch.answers is None:
                    alone.listen()
                    if alone.asks and alone.given:
                        alone.let_answer()
                answers += batch.result()
            except _DIED:
                self._count_crash(image)
                answers.append(_CRASHED)
                alone.end()
        alone.end()
        return answers

    def _count_crash(self, image: Any) -> None:
        self._crashes += 1
        if self._crashes > MAX_CRASHES:
            raise PackFailed(
                f"Worker processes died on {self._crashes} images, the last with id "
                f"{image.identifier}: give the task more memory or look at these images."
            )


class _Batch:
    """Some images, and what became of them once that is known."""

    def __init__(self, images: list[Any]) -> None:
        self.images = images
        self.answers: _Answers | None = None

    def result(self) -> list[Any]:
        """Return the answers; raise the fault that the packing itself met."""
        if isinstance(self.answers, Exception):
            raise self.answers
        return self.answers or []


class _Worker:
    """A place for a process, which begins with the first batch and anew after its death.

    `given` are the batches whose answers are out, in their order; `asks` says that the process, or
    the one that would begin, waits for something.
    """

    def __init__(self, context: Any, spec: object, pack: PackImage) -> None:
        self._context = context
        self._duty = (spec, pack)
        self._process: Any = None
        self.pipe: Connection | None = None
        self.given: deque[_Batch] = deque()
        self.asks = True

    def give(self, batch: _Batch) -> None:
        """Send a batch to a process that asks."""
        if self.pipe is None:
            self._begin()
        self.given.append(batch)
        self._say(batch.images)

    def let_answer(self) -> None:
        """Tell a process that asks that there is nothing more for now."""
        self._say(None)

    def listen(self) -> None:
        """Take in what the process says; raise EOFError or OSError when it has died."""
        assert self.pipe is not None  # noqa: S101 - nobody listens to one that has not begun
        said: _Answers | None = self.pipe.recv()
        if said is None:
            self.asks = True
        else:
            self.given.popleft().answers = said
            self.asks = self.asks or not self.given

    def end(self) -> None:
        """Kill the process, if there is one."""
        if self.pipe is not None:
            self._process.kill()
            self._process.join()
            self.pipe.close()
        self.pipe = None
        self.given.clear()
        self.asks = True

    def _begin(self) -> None:
        with stops_held():
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_work, args=(theirs, *self._duty), daemon=True)
            process.start()
            theirs.close()  # its death closes the pipe then
            self._process, self.pipe = process, ours

    def _say(self, something: list[Any] | None) -> None:
        self.asks = False
        with suppress(OSError):  # it has died, which is met again where it is listened to
            self.pipe.send(something)  # type: ignore[union-attr]


def _work(pipe: Connection, spec: object, pack: PackImage) -> None:
    """Pack what comes, until killed."""
    follow_parent()
    cv2.setNumThreads(1)  # the processes are the parallelism
    keep_freed_memory()
    gc.freeze()  # what was there before is never looked through again
    batch = pipe.recv()
    while True:
        pipe.send(None)
        answers: _Answers
        try:
            answers = [pack(image, spec) for image in batch]
        except Exception as exc:  # noqa: BLE001 - a fault of ours: for the parent to raise
            exc.add_note(traceback.format_exc())
            answers = exc
        batch = pipe.recv()
        pipe.send(answers)
        if batch is None:
            batch = pipe.recv()
