"""Waiting for an API that is busy, shared by all the workers that ask it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

_LONGEST_PAUSE = 2.0  # seconds, where the API asks for none


@dataclass
class Patience:
    """How long an API may go on answering that it is busy before nobody waits for it any more.

    `seconds` count from the last time that it answered anything else, whoever asked; `wait` lets
    seconds pass and is true where nobody wants the answer any more.
    """

    seconds: float = 120.0
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], bool] = field(default_factory=lambda: Event().wait)
    _heard: float = 0.0

    def __post_init__(self) -> None:
        self.heard()

    def heard(self) -> None:
        """Count from now."""
        self._heard = self.clock()

    def pause(self, asked: float | None) -> bool:
        """Wait as long as the API asks; return whether to ask it again."""
        # not all at the same moment
        spread = random.uniform(0, _LONGEST_PAUSE)  # noqa: S311 - jitter
        pause = spread if asked is None else asked + spread / 4
        if self.clock() + pause > self._heard + self.seconds:
            return False
        return not self.wait(pause)
