"""Which task the rows of a list make, where dataset.yaml does not say it."""

from collections.abc import Iterable

from tagline.formats.tasks import AskedTask, Task

_FEW = 0.05  # of the rows that keep a list from being of single labels


class TaskTeller:
    """Looks at the labels of accepted rows, b"0" or b"1" each, one row after another."""

    def __init__(self, asked: AskedTask) -> None:
        self._asked = asked
        self._rows = 0
        self._others = 0
        self._first: bytes | None = None
        self._several = False

    def add(self, labels: bytes) -> None:
        """Look at a row."""
        self._rows += 1
        if labels.count(b"1") != 1:
            self._others += 1
        elif self._first is None:
            self._first = labels
        elif not self._several and labels != self._first:
            self._several = True

    @property
    def task(self) -> Task:
        """What dataset.yaml says, or single where each row has exactly one of several labels."""
        if self._asked != "auto":
            return Task(self._asked)
        return Task.SINGLE if self._several and not self._others else Task.MULTI

    @property
    def nearly_said(self) -> str | None:
        """A sentence about the few rows for which the task is not single; None without such."""
        if self._asked != "auto" or not self._several:
            return None
        if not 0 < self._others <= _FEW * self._rows:
            return None
        have = "row has" if self._others == 1 else "rows have"
        return (
            f"{self._others:,} of {self._rows:,} {have} no label or several, all others exactly "
            "one: if an image has exactly one label, say `task: single` in dataset.yaml, and they "
            "are rejected"
        )


def task_of(asked: AskedTask, rows: Iterable[bytes]) -> Task:
    """Return the task of accepted rows."""
    teller = TaskTeller(asked)
    if asked == "auto":
        for labels in rows:
            teller.add(labels)
    return teller.task
