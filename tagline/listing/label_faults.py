"""What is wrong with the labels of a row, in words."""

import re

from tagline.formats.reasons import Reason

DECIMAL_COMMA = "a decimal comma? write labels as 0 and 1, or 0.0 and 1.0"
LABEL = re.compile(rb"([01])(?:\.0*)?")  # im2rec writes 0.000000
_A_CLASS = "; a class, below 10,000, has its name in labels.txt, or dataset.yaml says task: single"
_SHOWN = 80
_MOST = 5  # labels that a sentence names


def split_labels(column: bytes) -> list[bytes]:
    """Return the labels of a row, tabs or else commas between, as they are written."""
    return column.split(b"\t" if b"\t" in column else b",")


def is_label(field: bytes) -> bool:
    """Return whether a field is a label: 0 or 1, maybe as 0.0, maybe with blanks round it."""
    return LABEL.fullmatch(field.strip(b" ")) is not None


def labels_fault(column: bytes, count: int, other: bytes) -> tuple[Reason, str]:
    """Return why a column is not `count` labels; `other` separates them in no good row."""
    fields = split_labels(column)
    if b"\t" in column and b"," in column:
        index, value = next((i, it) for i, it in enumerate(fields, 1) if b"," in it)
        return Reason.BAD_LABEL, (
            f"label {index} is {text_of(value.strip(b' '))!r}: tabs and commas are mixed between "
            f"labels; {DECIMAL_COMMA}"
        )
    if len(fields) == count > 1 and other in column:
        written, usual = ("commas", "tabs") if other == b"," else ("tabs", "commas")
        return Reason.BAD_LABEL, f"labels are separated by {written}, in most other rows by {usual}"
    if len(fields) != count:
        return Reason.WRONG_LABEL_COUNT, f"{len(fields)} label(s), expected {count}"
    index, value = next(
        (i, field.strip(b" ")) for i, field in enumerate(fields, start=1) if not is_label(field)
    )
    hint = _A_CLASS if count == 1 and value.isdigit() else ""
    return Reason.BAD_LABEL, f"label {index} is {text_of(value)!r}, expected 0 or 1{hint}"


def not_one_label(labels: bytes) -> str:
    """Return how many labels a row has, b"0" or b"1" each, that should have one."""
    held = [str(at) for at, mark in enumerate(labels, start=1) if mark == ord("1")]
    if not held:
        return "the row has no label; under task: single it has one"
    more = f" and {len(held) - _MOST} more" if len(held) > _MOST else ""
    return (
        f"the row has {len(held)} labels, those of columns {', '.join(held[:_MOST])}{more}; under "
        "task: single it has one"
    )


def text_of(value: bytes, limit: int = _SHOWN) -> str:
    """Return bytes as text, cut where it is long."""
    cut = value[:limit]
    return cut.decode("utf-8", "backslashreplace") + ("…" if len(value) > limit else "")
