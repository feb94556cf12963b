"""The first look at a list: is it one at all, how many labels has it, does it begin with a header.

What is wrong with the file as a whole is said once, as UnusableList, before any row is judged.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO

from tagline.formats.list_lines import Line, read_lines, read_start
from tagline.formats.reasons import UnusableList
from tagline.formats.stand_ins import stand_in
from tagline.formats.tasks import AskedTask
from tagline.listing.classes import check_class_count, class_of, holds_classes
from tagline.listing.file_types import file_type, packing, remedy
from tagline.listing.label_faults import DECIMAL_COMMA, is_label, split_labels

MAX_ROWS = 100_000_000
"""Of 50 labels they are 15 GB of a list, and 16 bytes each in the memory of a container task."""
_SAMPLE_BYTES = 1 << 16
_SAMPLE_LINES = 20
_FORM = "a list has lines of: id <tab> label_1 … label_N <tab> path, or id <tab> class <tab> path"
_MIN_TABS = 2

_TEXT = bytes({*range(0x20, 0x100), 0x09, 0x0A, 0x0D} - {0x7F})
_BINARY_SHARE = 0.05  # of control bytes: compressed data has a tenth, text none
_ID = re.compile(rb" *[0-9]+[ \t]")
_DECIMALS = re.compile(rb" *[01],0+ *(?:,[01],0+ *)*")
_DECIMAL = re.compile(rb" *[01],0+ *")
_LONG_DECIMAL = re.compile(rb" *[01],0{2,} *(?:,[01],0{2,} *)*")  # no label is 00
_SURE_LINES = 3  # fewer may have images named 0 and 1

_Form = tuple[int, bool]
_ONE_COLUMN: _Form = (1, False)


@dataclass(frozen=True)
class Survey:
    """What a list has: its rows, labels per row, and the number of a header line (0: none).

    A header is among the rows: it is rejected like any other line that is none. The labels are
    `joined` by commas in one column, or have a column each.
    """

    rows: int
    label_count: int
    header_line: int
    joined: bool = False
    decimals: bool = False
    """The first rows may be half as many labels with decimal commas: 1,0 for 1.0."""
    classes: bool = False
    """There is one column, of the number of the one label that an image has, from 0."""
    one_label: bool = False
    """Rows that have no label, or several, are none."""


def label_form(text: bytes) -> _Form:
    """Return how many labels a row has, and whether commas join them in one column."""
    first = text.find(b"\t")
    last = text.rfind(b"\t")
    if first == last:
        return 0, False
    columns = text.count(b"\t") - 1
    if columns > 1 or b"," not in text:
        return columns, False
    commas = text.count(b",", first + 1, last)
    return commas + 1, commas > 0


def survey_list(
    stream: BinaryIO, names: Sequence[str] | None = None, task: AskedTask = "auto"
) -> Survey:
    """Read a seekable list once and return what it has.

    `names` are those of labels.txt, and `task` what dataset.yaml says: by both a column of numbers
    is told to be one label, or classes, of which there are as many as names, or as the largest
    number says. Else the number of labels is the one that most rows have. Where the others are two
    or more and above a quarter of the rows, nobody can tell which columns mean what: UnusableList,
    as for a file that is empty, no list, or longer than MAX_ROWS without its header.
    """
    _recognise(read_start(stream, _SAMPLE_BYTES))
    sample = list(islice(read_lines(stream), _SAMPLE_LINES))
    if not sample:
        raise UnusableList("the list is empty: it has no rows, only blank lines")
    header = sample[0].number if _is_header(*sample[:2]) else 0
    _check_columns(sample[1:] if header else sample)
    most = MAX_ROWS + bool(header)
    counts: Counter[_Form] = Counter()
    first_lines: dict[_Form, int] = {}
    classes: set[int] = set()
    rows = 0
    for line in read_lines(stream):
        rows += 1
        if rows > most:
            raise UnusableList(f"the list has more than {MAX_ROWS:,} rows; split it into several")
        if line.number != header:
            form = label_form(line.text)
            counts[form] += 1
            first_lines.setdefault(form, line.number)
            if form == _ONE_COLUMN:
                classes.add(class_of(line.text.split(b"\t")[1]) or 0)
    count, joined = _agree(counts, first_lines) if counts else (0, False)
    body = sample[1:] if header else sample
    decimals = joined and _all_match(_DECIMALS, body)
    found = Survey(rows, count, header, joined, decimals, one_label=task == "single")
    if (count, joined) == _ONE_COLUMN and holds_classes(max(classes), names, task):
        count = len(names) if names else max(classes) + 1
        check_class_count(count, len(classes), rows)
        return replace(found, classes=True, label_count=count)
    return found


def _agree(counts: Counter[_Form], first_lines: dict[_Form, int]) -> _Form:
    (common, most), *rest = counts.most_common(2)
    total = counts.total()
    others = total - most
    if others > 1 and others * 4 > total:
        other, many = rest[0]
        where = f"(first: line {first_lines[common]})", f"(first: line {first_lines[other]})"
        if common[0] == other[0]:
            raise UnusableList(
                f"the rows disagree on what separates labels: {_said(common)} in {most:,} of "
                f"{total:,} rows {where[0]}, {_said(other)} in {many:,} {where[1]}; write all rows "
                "in one way"
            )
        raise UnusableList(
            f"the rows disagree on the number of labels: {most:,} of {total:,} rows have "
            f"{common[0]} {where[0]}, {many:,} have {other[0]} {where[1]}; "
            "every row needs as many labels as the others"
        )
    if not common[0]:
        raise UnusableList(f"the rows have no label columns; {_FORM}")
    return common


def _said(form: _Form) -> str:
    return "commas" if form[1] else "tabs"


def _is_header(line: Line, following: Line | None = None) -> bool:
    """Return whether a list's first line names columns, or is a remark, above the rows."""
    ident, _, rest = line.text.partition(b"\t")
    if line.cut or _is_number(ident.strip(b' "')):
        return False
    labels, tab, _ = rest.rpartition(b"\t")
    if tab:
        fields = split_labels(labels)
        classes = len(fields) == 1 and class_of(fields[0]) is not None
        return not classes and not all(map(is_label, fields))
    return bool(following and _ID.match(following.text) and not _ID.match(line.text))


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _recognise(start: bytes) -> None:
    if not start:
        raise UnusableList("the list is empty: the file has 0 bytes")
    text = start.lstrip()
    if cause := packing(start) or stand_in(start):
        raise UnusableList(f"the file is {cause}")
    if name := file_type(start):
        raise UnusableList(f"the file is {name}, not a list{remedy(name)}; {_FORM}")
    if len(start.translate(None, _TEXT)) > _BINARY_SHARE * len(start):
        raise UnusableList(f"the file is binary data, not a list; {_FORM}")
    if b"\r" in text.rstrip() and b"\n" not in text:
        raise UnusableList("the list's lines end in CR alone; end them in LF or CRLF")


def _check_columns(rows: list[Line]) -> None:
    """Raise UnusableList where the first rows all have the same fault in their columns."""
    problem = _common_fault(rows)
    if problem:
        shown = rows[0].text[:60].decode("utf-8", "backslashreplace")
        raise UnusableList(f"{problem} (line {rows[0].number}: {shown!r}); {_FORM}")


def _common_fault(rows: list[Line]) -> str | None:
    if not rows or any(line.cut for line in rows):
        return None
    if all(_has_spaces_for_tabs(line.text) for line in rows):
        columns = "labels" if rows[0].text.count(b"\t") >= _MIN_TABS else "columns"
        return f"{columns} are separated by spaces, not tabs"
    if len(rows) >= _SURE_LINES and all(_ends_in_label(line.text) for line in rows):
        return "rows have no path after the labels"
    if all(_has_decimal_commas(line.text) for line in rows):
        return f"labels hold commas; {DECIMAL_COMMA}"
    if any(line.text.count(b"\t") >= _MIN_TABS for line in rows):
        return None
    return _why_no_columns(rows)


def _why_no_columns(rows: list[Line]) -> str:
    first = rows[0].text
    if b"\t" in first:
        return "rows have an id and a path but no labels"
    if first.count(b",") >= _MIN_TABS:
        return "columns are separated by commas, not tabs"
    if first.count(b";") >= _MIN_TABS:
        return "columns are separated by semicolons, not tabs"
    if any(_ID.match(line.text) for line in rows):
        return "columns are separated by spaces, not tabs"
    return "the lines are no rows"


def _has_spaces_for_tabs(text: bytes) -> bool:
    """Return whether a column before the path holds several numbers with blanks between."""
    *columns, _ = text.split(b"\t")
    if len(columns) < _MIN_TABS:
        ident, *rest = text.split(None, 2)
        return ident.isdigit() and len(rest) > 1 and all(map(is_label, split_labels(rest[0])))
    parts = (column.split() for column in columns)
    return any(len(numbers) > 1 and all(map(_is_number, numbers)) for numbers in parts)


def _has_decimal_commas(text: bytes) -> bool:
    """Return whether a row has a label such as 1,0 between tabs, or labels such as 1,000000."""
    columns = text.split(b"\t")[1:-1]
    if len(columns) == 1:
        return _LONG_DECIMAL.fullmatch(columns[0]) is not None
    return any(map(_DECIMAL.fullmatch, columns))


def _all_match(form: re.Pattern[bytes], rows: list[Line]) -> bool:
    """Return whether what stands between the id and the path of every row has a form."""
    columns = (line.text.partition(b"\t")[2].rpartition(b"\t")[0] for line in rows)
    return bool(rows) and all(map(form.fullmatch, columns))


def _ends_in_label(text: bytes) -> bool:
    _, tab, column = text.rpartition(b"\t")
    return bool(tab) and all(is_label(field) for field in split_labels(column))
