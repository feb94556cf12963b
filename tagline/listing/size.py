"""How large a list is, told by its file's size and its first lines: the rest is not read."""

import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tagline.formats.list_lines import GZIP
from tagline.listing.classes import class_of
from tagline.listing.survey import label_form

LOOKED_AT = 1 << 20  # bytes of the file
_MOST_PLAIN = 1 << 24  # bytes that they may unpack to
_ONE_COLUMN = (1, False)


@dataclass(frozen=True)
class ListSize:
    """What a list seems to hold; exact where its file is no larger than what is looked at."""

    bytes: int
    """Uncompressed."""
    rows: int
    labels: int
    """Of a row; of classes the number that the first rows show."""
    classes: bool = False
    """Rows have the number of a class, and share its labels."""
    long_labels: bool = False
    """Labels take more than a digit each, such as 1.0."""


def look_at_size(path: Path) -> ListSize:
    """Return what a list's file seems to hold; it may be compressed by gzip.

    Where nothing can be told, in an empty file, a pipe or damaged gzip, all are 0: whoever reads
    the list says why.
    """
    if not path.is_file():
        return ListSize(0, 0, 0)
    with path.open("rb") as file:
        return size_by(file.read(LOOKED_AT), path.stat().st_size)


def size_by(start: bytes, size: int) -> ListSize:
    """Return the same by a file's first LOOKED_AT bytes, and how many it has."""
    plain, used = _plain(start)
    if not plain:
        return ListSize(0, 0, 0)
    unpacked = len(plain) if used >= size else round(size * len(plain) / used)
    if used < size:  # the last line is not whole
        plain = plain[: plain.rfind(b"\n") + 1] or plain
    lines = [line for line in plain.splitlines() if line.strip()]
    if not lines:
        return ListSize(unpacked, 0, 0)
    rows = max(len(lines), round(unpacked * len(lines) / len(plain)))
    return ListSize(unpacked, rows, *_labels(lines))


def _plain(start: bytes) -> tuple[bytes, int]:
    """Return what the first bytes of a file unpack to, and how many of them were used for it."""
    if not start.startswith(GZIP):
        return start, len(start)
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = inflate.decompress(start, _MOST_PLAIN)
    except zlib.error:
        return b"", 0
    return plain, len(start) - len(inflate.unconsumed_tail) - len(inflate.unused_data)


def _labels(lines: list[bytes]) -> tuple[int, bool, bool]:
    """Return how many labels a row has, whether it is one of them, and whether they are long."""
    forms = Counter(map(label_form, lines))
    form = forms.most_common(1)[0][0]
    columns = [line.partition(b"\t")[2].rpartition(b"\t")[0] for line in lines
               if label_form(line) == form]  # fmt: skip
    shortest = 2 * form[0] - 1  # a digit each, and what separates them
    long = any(len(column) > shortest for column in columns)
    if form != _ONE_COLUMN:
        return form[0], False, long
    largest = max((class_of(column) or 0 for column in columns), default=0)
    return (largest + 1, True, False) if largest > 1 else (1, False, long)
