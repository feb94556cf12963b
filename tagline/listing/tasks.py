"""Which task the rows of a list make, where dataset.yaml does not say it."""

from collections.abc import Iterable

from tagline.formats.tasks import AskedTask, Task


class TaskTeller:
    """Looks at the labels of accepted rows, b"0" or b"1" each, one row after another."""

    def __init__(self, asked: AskedTask) -> None:
        self._asked = asked
        self._all_one = True
        self._first: bytes | None = None
        self._several = False

    def add(self, labels: bytes) -> None:
        """Look at a row."""
        if self._all_one and labels.count(b"1") != 1:
            self._all_one = False
        elif self._first is None:
            self._first = labels
        elif not self._several and labels != self._first:
            self._several = True

    @property
    def task(self) -> Task:
        """What dataset.yaml says, or single where each row has exactly one of several labels."""
        if self._asked != "auto":
            return Task(self._asked)
        return Task.SINGLE if self._all_one and self._several else Task.MULTI


def task_of(asked: AskedTask, rows: Iterable[bytes]) -> Task:
    """Return the task of accepted rows."""
    teller = TaskTeller(asked)
    if asked == "auto":
        for labels in rows:
            teller.add(labels)
    return teller.task
