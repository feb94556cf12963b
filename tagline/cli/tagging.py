"""Many images by several workers: a verdict each, in the order of the images."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event

import msgspec

from tagline.api.documents import Tags
from tagline.cli.api import ApiProblem, DatasetProblem
from tagline.cli.finding import Found
from tagline.formats.whole_file import replaced

_AHEAD = 8  # images a worker, so that a slow one holds nobody up
SIDECAR = ".tags.json"


@dataclass(frozen=True)
class Verdict:
    """An image's tags, or why it has none."""

    image: str
    answer: Tags | None = None
    error: str | None = None

    @property
    def record(self) -> dict[str, object]:
        """What JSON says of it."""
        if self.answer is None:
            return {"image": self.image, "error": self.error}
        return {"image": self.image, **msgspec.to_builtins(self.answer)}


def judge(found: Found, ask: Callable[[str], Tags], *, sidecar: bool) -> Verdict:
    """Ask for one image's tags, and leave them beside it if that is wanted.

    Raises DatasetProblem where the dataset tags nothing.
    """
    if found.fault is not None:
        return Verdict(found.image, error=found.fault)
    try:
        verdict = Verdict(found.image, ask(found.image))
    except DatasetProblem:
        raise  # every other image would be told the same
    except ApiProblem as exc:
        return Verdict(found.image, error=str(exc))
    if sidecar:
        try:
            with replaced(Path(found.image + SIDECAR)) as file:
                file.write(msgspec.json.encode(verdict.record) + b"\n")
        except OSError as exc:
            return Verdict(found.image, error=f"its tags cannot be written: {exc.strerror}")
    return verdict


def judge_all(
    images: Iterable[Found], judged: Callable[[Found], Verdict], jobs: int, called_off: Event
) -> Generator[Verdict]:
    """Yield each image's verdict in order, `jobs` of them asked for at a time.

    Whoever stops early sets `called_off` by that: nothing is begun any more.
    """
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="tag")
    todo = iter(images)
    waiting: deque[Future[Verdict]] = deque()
    try:
        while True:
            for found in islice(todo, jobs * _AHEAD - len(waiting)):
                waiting.append(pool.submit(judged, found))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        called_off.set()
        pool.shutdown(wait=False, cancel_futures=True)
