"""When training has to end before its last epoch: SIGTERM, or `max_runtime` is nearly over.

SageMaker sends SIGTERM when a job is stopped, has run for too long, or loses its spot capacity, and
kills it 120 seconds later. A job that ends by itself before `max_runtime` counts as completed, so
its run goes on; one that SageMaker stops does not, and a search would lose the trial.
"""

import signal
import time
from types import FrameType

WISHES = ("", "max_runtime", "SIGTERM")  # why training must end: the later goes before
TERMINATED = 128 + signal.SIGTERM  # exit code
_LEAST, _MOST, _SHARE = 15.0, 300.0, 0.05  # seconds kept for what comes after training


class EndedEarly(Exception):
    """Training must end now; the message says why."""


class Watch:
    """Asked between batches whether training may go on."""

    def __init__(self, max_runtime: int | None) -> None:
        """Start the clock; `max_runtime` is in seconds, None for no limit."""
        self._started = time.monotonic()
        self._allowed = None if max_runtime is None else max_runtime - kept_for_the_end(max_runtime)
        self._carried = 0.0
        self._heard: float | None = None

    def listen(self) -> None:
        """From now on note SIGTERM instead of ending at once: there is something to save."""
        signal.signal(signal.SIGTERM, self._hear)

    def carry(self, seconds: float) -> None:
        """Count what this job has spent before its machine was taken away."""
        self._carried = seconds

    @property
    def terminated(self) -> bool:
        """Whether SIGTERM has come."""
        return self._heard is not None

    @property
    def since_sigterm(self) -> float:
        """Seconds since SIGTERM came, 0 before."""
        return 0.0 if self._heard is None else time.monotonic() - self._heard

    @property
    def spent(self) -> float:
        """Seconds that this job has taken so far."""
        return self._carried + time.monotonic() - self._started

    def check(self) -> None:
        """Raise EndedEarly when training must end."""
        self.end(self.wish())

    def wish(self) -> str:
        """Return why training must end, "" where it need not."""
        if self.terminated:
            return "SIGTERM"
        late = self._allowed is not None and self.spent > self._allowed
        return "max_runtime" if late else ""

    def end(self, wish: str) -> None:
        """Raise EndedEarly for what this process or another of its team wishes, if anything."""
        if wish == "SIGTERM":
            self._note()
        if wish:
            raise EndedEarly(wish)

    def _hear(self, _signum: int, _frame: FrameType | None) -> None:
        self._note()

    def _note(self) -> None:
        if self._heard is None:
            self._heard = time.monotonic()


def kept_for_the_end(max_runtime: int) -> float:
    """Return how many of these seconds are left for exporting and measuring the best epoch."""
    return min(_MOST, max(_LEAST, max_runtime * _SHARE))
