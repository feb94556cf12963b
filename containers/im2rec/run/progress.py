"""Lines that tell whoever follows the task's log how far the packing is."""

from typing import TextIO

from tagline.formats.rows import Verdict

_LINES = 50  # about as many lines a run, whatever its size
_FEWEST_ROWS = 100


class Progress:
    """Counts verdicts and prints `packed=<n> total=<n> rejected=<n>` now and then."""

    def __init__(self, total: int, log: TextIO) -> None:
        self._total = total
        self._log = log
        self._step = max(_FEWEST_ROWS, total // _LINES)
        self._packed = 0
        self._rejected = 0

    def counted(self, verdict: Verdict) -> Verdict:
        """Count one verdict and return it."""
        if verdict.reason:
            self._rejected += 1
        else:
            self._packed += 1
        if self.rows % self._step == 0:
            self._print()
        return verdict

    @property
    def rows(self) -> int:
        """How many verdicts were counted."""
        return self._packed + self._rejected

    def finish(self) -> None:
        """Print the final numbers."""
        self._print()

    def _print(self) -> None:
        line = f"packed={self._packed} total={self._total} rejected={self._rejected}"
        print(line, file=self._log, flush=True)
