"""An answer in time: a function that is killed at its timeout tells its caller nothing.

API Gateway would make a 500 of that, without a word. So the work is broken off before, wherever it
is, and there is time left to say so.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN = 0.2  # seconds; what waits for threads while it ends is broken off, too
_ends = 0.0  # a container answers one request at a time


class OutOfTime(BaseException):
    """The time for a request is over; no Exception, so that nothing on the way catches it."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block when it takes longer; for the main thread."""
    global _ends  # noqa: PLW0603 - as its comment says
    _ends = time.monotonic() + seconds
    before = signal.signal(signal.SIGALRM, _break_off)
    timer = signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)


def left() -> float:
    """Return the seconds that the present request may still take."""
    return max(0.0, _ends - time.monotonic())


def _break_off(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTime
