"""Counting labels over many rows without touching them one by one."""

from collections.abc import Iterable

_BLOCK = 255  # rows that can be added in one byte a label

_TO_NUMBERS = bytes.maketrans(b"01", b"\x00\x01")


class LabelCounter:
    """Counts the positives of each label over rows of `count` label bytes (b"0" or b"1").

    A row is one big integer with a byte a label, so that a single addition counts all its labels;
    the bytes are emptied into the totals before they can overflow.
    """

    def __init__(self, count: int) -> None:
        self._totals = [0] * count
        self._block = 0
        self._pending = 0
        self.rows_without_label = 0

    def add(self, labels: bytes) -> None:
        """Count one row."""
        number = int.from_bytes(labels.translate(_TO_NUMBERS), "big")
        self._block += number
        self._pending += 1
        if not number:
            self.rows_without_label += 1
        if self._pending == _BLOCK:
            self._empty()

    def positives(self) -> list[int]:
        """Return the number of rows that have each label, in column order."""
        self._empty()
        return list(self._totals)

    def _empty(self) -> None:
        counts = self._block.to_bytes(len(self._totals), "big")
        self._totals = [total + n for total, n in zip(self._totals, counts, strict=True)]
        self._block = 0
        self._pending = 0


def count_labels(rows: Iterable[bytes], count: int) -> list[int]:
    """Return how many rows have each of `count` labels."""
    counter = LabelCounter(count)
    for labels in rows:
        counter.add(labels)
    return counter.positives()
