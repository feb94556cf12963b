"""The first look at a list: is it one at all, how many labels has it, does it begin with a header.

What is wrong with the file as a whole is said once, as UnusableList, before any row is judged.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from tagline.listlines import Line, read_lines, read_start
from tagline.reasons import UnusableList

MAX_ROWS = 1_000_000
_SAMPLE_BYTES = 1 << 16
_SAMPLE_LINES = 20
_FORM = "a list has lines of: id <tab> label_1 … label_N <tab> path"
_MIN_TABS = 2

_FILE_TYPES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x0a\x23\xd7\xce", "a RecordIO file, which is packed already"),
    (b"PAR1", "a Parquet file"),
    (b"BZh", "bzip2 data; gzip and plain text are read"),
    (b"\xfd7zXZ", "xz data; gzip and plain text are read"),
    (b"\x28\xb5\x2f\xfd", "zstd data; gzip and plain text are read"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"<", "HTML or XML"),
)
_TEXT = bytes({*range(0x20, 0x100), 0x09, 0x0A, 0x0D} - {0x7F})
_BINARY_SHARE = 0.05  # of control bytes: compressed data has a tenth, text none


@dataclass(frozen=True)
class Survey:
    """A list's shape: its rows, labels per row, and the number of a header line (0: none)."""

    rows: int
    label_count: int
    header_line: int


def count_labels(text: bytes) -> int:
    """Return how many labels stand between a row's first and last tab, tabs or commas between."""
    first = text.find(b"\t")
    last = text.rfind(b"\t")
    if first == last:
        return 0
    commas = text.count(b",", first + 1, last) if b"," in text else 0
    return text.count(b"\t") - 1 + commas


def survey(stream: BinaryIO) -> Survey:
    """Read a seekable list once and return its shape.

    The number of labels is the one that most rows have. Where the others are two or more and above
    a quarter of the rows, nobody can tell which columns mean what: UnusableList, as for a file that
    is empty, no list, or longer than MAX_ROWS.
    """
    _recognise(read_start(stream, _SAMPLE_BYTES))
    sample = list(islice(read_lines(stream), _SAMPLE_LINES))
    if not sample:
        raise UnusableList("the list is empty: it has no rows, only blank lines")
    _check_columns(sample)
    header = sample[0].number if _is_header(sample[0]) else 0
    counts: Counter[int] = Counter()
    first_lines: dict[int, int] = {}
    rows = 0
    for line in read_lines(stream):
        rows += 1
        if rows > MAX_ROWS:
            raise UnusableList(f"the list has more than {MAX_ROWS:,} rows; split it into several")
        if line.number != header:
            count = count_labels(line.text)
            counts[count] += 1
            first_lines.setdefault(count, line.number)
    return Survey(rows, _agree(counts, first_lines) if counts else 0, header)


def _agree(counts: Counter[int], first_lines: dict[int, int]) -> int:
    (common, most), *rest = counts.most_common(2)
    total = counts.total()
    others = total - most
    if others > 1 and others * 4 > total:
        other, many = rest[0]
        raise UnusableList(
            f"the rows disagree on the number of labels: {most:,} of {total:,} rows have {common} "
            f"(first: line {first_lines[common]}), {many:,} have {other} "
            f"(first: line {first_lines[other]}); every row needs as many labels as the others"
        )
    if not common:
        raise UnusableList(f"the rows have no label columns; {_FORM}")
    return common


def _is_header(line: Line) -> bool:
    fields = [field.strip(b' "') for field in line.text.replace(b",", b"\t").split(b"\t")]
    if line.cut or len(fields) <= _MIN_TABS or fields[0].isdigit():
        return False
    return not any(_is_number(field) for field in fields[:-1])


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
    for magic, name in _FILE_TYPES:
        if text.startswith(magic) or start.startswith(magic):
            raise UnusableList(f"the file is {name}, not a list; {_FORM}")
    if len(start.translate(None, _TEXT)) > _BINARY_SHARE * len(start):
        raise UnusableList(f"the file is binary data, not a list; {_FORM}")
    if b"\r" in text.rstrip() and b"\n" not in text:
        raise UnusableList("the list's lines end in CR alone; end them in LF or CRLF")


def _check_columns(sample: list[Line]) -> None:
    """Raise UnusableList where none of the first rows is separated by tabs."""
    if any(line.cut or line.text.count(b"\t") >= _MIN_TABS for line in sample):
        return
    first = sample[0]
    shown = first.text[:60].decode("utf-8", "backslashreplace")
    if first.text.count(b"\t"):
        problem = "rows have an id and a path but no labels"
    elif first.text.count(b",") >= _MIN_TABS:
        problem = "columns are separated by commas, not tabs"
    elif first.text.count(b";") >= _MIN_TABS:
        problem = "columns are separated by semicolons, not tabs"
    elif any(line.text.split()[0].isdigit() and b" " in line.text.strip() for line in sample):
        problem = "columns are separated by spaces, not tabs"
    else:
        problem = "the lines are no rows"
    raise UnusableList(f"{problem} (line {first.number}: {shown!r}); {_FORM}")
