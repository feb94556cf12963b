"""Somebody who asks the API for tags all the time, and writes down what it answers."""

import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 0.2  # seconds
PATIENCE = 120  # seconds; a loaded machine is no fault of the product


@dataclass
class Answers:
    """What was answered: how often by which run's model, and everything that was no 200."""

    by: Counter[str] = field(default_factory=Counter)
    other: list[str] = field(default_factory=list)

    def check(self, *champions: str) -> None:
        """Fail unless there were answers, each a 200 by the model of one of these runs."""
        assert not self.other, self.other
        assert self.by, "nothing was asked"
        assert set(self.by) <= set(champions), (self.by, champions)


@contextmanager
def asking(api: str, dataset: str, image: Path) -> Iterator[Answers]:
    """Ask every 200 ms, in order, for the length of a `with` block."""
    answers, done = Answers(), threading.Event()
    url, body = f"{api}/datasets/{dataset}/tags", image.read_bytes()

    def ask() -> None:
        while not done.is_set():
            request = urllib.request.Request(url, body, {"content-type": "image/png"})
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                    answers.by[json.load(answer)["model"]["run"]] += 1
            except urllib.error.HTTPError as error:
                answers.other.append(f"{error.code} {error.read(300)!r}")
            except OSError as error:
                answers.other.append(repr(error))
            done.wait(EVERY)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        done.set()
        thread.join(PATIENCE)
