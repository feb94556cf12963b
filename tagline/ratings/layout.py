"""How a ratings file is written: what separates its fields, and which column says what.

Columns are `user,item[,rating][,timestamp]` in this order, or in that of a header, which is a first
line that names user and item. Fields are separated by commas, semicolons (Excel's), tabs or `::`.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from tagline.formats.list_lines import Line, read_lines
from tagline.formats.ratings import COLUMNS
from tagline.formats.reasons import UnusableList

SHOWN = 80  # characters of a field that are told
_NAMES = {
    "user": {"user", "user_id", "userid", "uid", "customer_id", "reviewer_id", "reviewerid"},
    "item": {"item", "item_id", "itemid", "iid", "movie_id", "movieid", "product_id", "asin"},
    "rating": {"rating", "ratings", "score", "stars", "value"},
    "timestamp": {"timestamp", "time", "ts", "date", "datetime", "unix_timestamp"},
}
_ROLES = {name: role for role, names in _NAMES.items() for name in names}
_SEPARATORS = ("\t", "::", ";", ",")
_SEP_LINE = re.compile(rb"sep=(.)", re.IGNORECASE)
_OTHER_FILES = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "a zip file or an Excel workbook",
    b"\x89PNG": "an image",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
}
_FEWEST = 2  # columns: user and item
_A_TIME = 1e8  # a number this large in the third column is a timestamp: seconds from 1973 on


class BadQuoting(ValueError):
    """A quoted field that does not end on its line, or goes on after its end."""


@dataclass(frozen=True)
class Layout:
    """Which field of a row is what; `rating` and `timestamp` are None where there is none."""

    separator: str
    columns: int
    user: int
    item: int
    rating: int | None
    timestamp: int | None
    before: int = 0
    """Number of the last line before the rows: of a header."""
    unknown: str | None = None
    """A column that is none of the four, in words."""
    header: tuple[str, str] | None = None
    """How the header calls user and item: files that were put together have it again."""

    def split(self, text: str) -> list[str]:
        """Return the fields of a line; raises BadQuoting."""
        return split_fields(text, self.separator)


def split_fields(text: str, separator: str) -> list[str]:
    """Return a line's fields without blanks round them; raises BadQuoting."""
    if '"' not in text or len(separator) > 1:
        return text.split(separator)
    try:
        rows = list(csv.reader([text], delimiter=separator, strict=True, skipinitialspace=True))
    except csv.Error as exc:
        raise BadQuoting(str(exc)) from exc
    return rows[0]


def survey(stream: BinaryIO) -> Layout:
    """Return how a file is written; raises UnusableList for one that is none of ratings."""
    _check_form(stream)
    lines = read_lines(stream)
    first = _next(lines)
    if b"\r" in first.text:  # those before an LF are no longer there
        raise UnusableList(
            "lines end with CR alone, as old Macs wrote them: save the file with LF or CRLF"
        )
    separator = None
    if sep := _SEP_LINE.fullmatch(first.text):  # what Excel reads as an order, and leaves there
        separator = sep[1].decode("latin-1")
        first = _next(lines)
    text = first.text.decode("utf-8", "replace")
    separator = separator or _separator(text)
    try:
        fields = [field.strip() for field in split_fields(text, separator)]
    except BadQuoting:
        fields = [field.strip() for field in text.split(separator)]
    roles = [_ROLES.get(_plain(field)) for field in fields]
    if "user" in roles or "item" in roles:
        return _of_header(separator, fields, roles, first.number)
    return _of_rows(separator, fields, first.number - 1)


def _check_form(stream: BinaryIO) -> None:
    stream.seek(0)
    start = stream.read(4)
    stream.seek(0)
    for magic, what in _OTHER_FILES.items():
        if start.startswith(magic):
            raise UnusableList(
                f"the file is {what}, not ratings as text: save it as CSV, UTF-8, with the columns "
                "user,item,rating,timestamp"
            )


def _next(lines: Iterator[Line]) -> Line:
    line = next(lines, None)
    if line is None:
        raise UnusableList("the ratings file has no rows: write user,item,rating,timestamp a line")
    return line


def _separator(text: str) -> str:
    bare = re.sub(r'"[^"]*"', "", text)
    counts = {separator: bare.count(separator) for separator in _SEPARATORS}
    best = max(_SEPARATORS, key=lambda separator: (counts[separator] > 0, counts[separator]))
    if not counts[best]:
        raise UnusableList(
            f"the first line, {text[:SHOWN]!r}, is one field: write user,item,rating,timestamp "
            "with commas between them"
        )
    return best


def _plain(name: str) -> str:
    """Return a column's name as it is looked up; `user_id:token` is how RecBole names it."""
    return name.partition(":")[0].strip().lower().replace(" ", "_").replace("-", "_")


def _of_header(
    separator: str, fields: Sequence[str], roles: Sequence[str | None], line: int
) -> Layout:
    for role in COLUMNS:
        found = [name for name, its in zip(fields, roles, strict=True) if its == role]
        if len(found) > 1:
            raise UnusableList(
                f"the header names {role} {len(found)} times ({', '.join(found)}): leave one"
            )
        if not found and role in {"user", "item"}:
            raise UnusableList(
                f"the header has no column {role}: {', '.join(fields)[:SHOWN]}; the columns are "
                "user, item, rating and timestamp, of which the last two may be missing"
            )
    strange = [at for at, role in enumerate(roles) if role is None]
    unknown = None
    if strange:
        name = fields[strange[0]]
        named = (
            f"column {name[:SHOWN]!r} is" if name else f"column {strange[0] + 1} has no name: it is"
        )
        unknown = f"{named} not one of user, item, rating and timestamp; leave it out"
    at = {role: number for number, role in enumerate(roles) if role}
    return Layout(
        separator=separator,
        columns=len(fields),
        user=at["user"],
        item=at["item"],
        rating=at.get("rating"),
        timestamp=at.get("timestamp"),
        before=line,
        unknown=unknown,
        header=(fields[at["user"]], fields[at["item"]]),
    )


def _of_rows(separator: str, fields: Sequence[str], before: int) -> Layout:
    count = min(max(len(fields), _FEWEST), len(COLUMNS))
    timed = count == len(COLUMNS) - 1 and _is_time(fields[2])
    return Layout(
        separator=separator,
        columns=count,
        user=0,
        item=1,
        rating=2 if count > _FEWEST and not timed else None,
        timestamp=2 if timed else 3 if count == len(COLUMNS) else None,
        before=before,
    )


def _is_time(text: str) -> bool:
    """Return whether a third and last column is of times, not of ratings."""
    try:
        return float(text) >= _A_TIME
    except ValueError:
        return re.match(r"\d{4}-\d\d-\d\d", text) is not None
