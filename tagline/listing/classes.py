"""The classic form of a list: one column that holds the number of the one label that an image has.

MXNet's im2rec writes it, the numbers as 3.000000. A class is from 0 on, in the order of labels.txt.
"""

import re
from collections.abc import Sequence

from tagline.formats.list_lines import FUNCTION_LIST_BYTES, MAX_LIST_BYTES
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.tasks import AskedTask
from tagline.listing.label_faults import text_of

MAX_CLASSES = 10_000
_CLASS = re.compile(rb"0*([0-9]{1,9})(?:\.0*)?")


def class_of(field: bytes) -> int | None:
    """Return the class that a field holds; None for what is no whole number below MAX_CLASSES."""
    match = _CLASS.fullmatch(field.strip(b" "))
    if match is None:
        return None
    found = int(match[1])
    return found if found < MAX_CLASSES else None


def holds_classes(largest: int, names: Sequence[str] | None, task: AskedTask) -> bool:
    """Return whether a single column holds classes, up to `largest`, and not one label's 0 or 1."""
    if names is not None:
        return len(names) > 1
    return task == "single" or (task == "auto" and largest > 1)


def check_class_count(count: int, used: int, rows: int) -> None:
    """Raise UnusableList where the labels of so many rows would be more than any list's.

    A label each takes two bytes of a list. Where most of the `count` classes are no row's, of which
    so many are `used`, it is a slip of a number rather than a long list: the bound is a lower one.
    """
    most = MAX_LIST_BYTES if count <= 2 * used else FUNCTION_LIST_BYTES
    if count * rows * 2 > most:
        raise UnusableList(
            f"{count:,} classes of {rows:,} rows are more than can be trained: number the "
            "classes from 0 without gaps, or split the list into several"
        )


class Classes:
    """The rows' labels by what stands in the column: `count` bytes, b"1" at the class."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._known: dict[bytes, bytes] = {}
        self._labels: dict[int, bytes] = {}

    def labels(self, column: bytes) -> bytes | None:
        """Return the labels of a row, which rows of a class share; None where there is no class."""
        if column not in self._known:
            number = class_of(column)
            if number is None or number >= self._count:
                return None
            zeros = bytes(self._count).translate(_ZEROS)
            labels = self._labels.setdefault(number, zeros[:number] + b"1" + zeros[number + 1 :])
            if len(column) > _LONGEST:
                return labels
            self._known[column] = labels
        return self._known[column]

    def fault(self, column: bytes) -> tuple[Reason, str]:
        """Return why a row's column, which `labels` refuses, holds no class."""
        if b"\t" in column:
            columns = column.count(b"\t") + 1
            return Reason.WRONG_LABEL_COUNT, (
                f"{columns} columns between the id and the path, expected one, the class"
            )
        why = f"a class is a whole number from 0 on, below {MAX_CLASSES:,}"
        if class_of(column) is not None:
            last = self._count - 1
            why = f"there are {self._count} labels, of the classes 0 to {last}; the first is 0"
        return Reason.BAD_CLASS, f"the class is {text_of(column.strip(b' '))!r}: {why}"


_LONGEST = 16  # bytes of a column that are kept
_ZEROS = bytes.maketrans(b"\0", b"0")
