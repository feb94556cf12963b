"""One line of a ratings file → a rating, or the reason why it is none."""

import math
import re
from datetime import UTC, datetime
from typing import NamedTuple

from tagline.formats.list_lines import MAX_LINE_BYTES, Line
from tagline.formats.reasons import Reason
from tagline.ratings.layout import SHOWN, BadQuoting, Layout

MAX_ID_BYTES = 256
_MAX_RATING = 1e6
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LATEST = 10**11  # seconds: the year 5138; larger numbers are milliseconds
NO_TIME = -1


class Rating(NamedTuple):
    """A well-formed row; `time` is in seconds since 1970, NO_TIME where it has none."""

    line: int
    user: str
    item: str
    rating: float
    time: int


class Fault(NamedTuple):
    """A row that is no rating: user and item as far as they can be read."""

    line: int
    user: str | None
    item: str | None
    reason: Reason
    detail: str


class _Bad(ValueError):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def parse(line: Line, layout: Layout) -> Rating | Fault:
    """Return the rating of a line, or its first fault from left to right."""
    user = item = None
    try:
        fields = _fields(line, layout)
        user, item = fields[layout.user], fields[layout.item]
        _check_header(user, item, layout)
        _check_id(user, Reason.BAD_USER, "user")
        _check_id(item, Reason.BAD_ITEM, "item")
        rating = 1.0 if layout.rating is None else _rating(fields[layout.rating], layout)
        time = NO_TIME if layout.timestamp is None else _time(fields[layout.timestamp])
    except _Bad as exc:
        return Fault(line.number, _cut(user), _cut(item), exc.reason, str(exc))
    return Rating(line.number, user, item, rating, time)


def _fields(line: Line, layout: Layout) -> list[str]:
    if line.cut:
        raise _Bad(Reason.LINE_TOO_LONG, f"the line is longer than {MAX_LINE_BYTES >> 20} MiB")
    try:
        text = line.text.decode()
    except UnicodeDecodeError as exc:
        raise _Bad(Reason.BAD_ENCODING, "the line is not valid UTF-8") from exc
    try:
        fields = [field.strip() for field in layout.split(text)]
    except BadQuoting as exc:
        raise _Bad(Reason.BAD_QUOTING, f"a quoted field is not closed on its line: {exc}") from exc
    if layout.unknown:
        raise _Bad(Reason.UNKNOWN_COLUMN, layout.unknown)
    if len(fields) > layout.columns:
        extra = fields[layout.columns]
        raise _Bad(
            Reason.UNKNOWN_COLUMN,
            f"{len(fields)} fields where the file has {layout.columns} columns: "
            f"{extra[:SHOWN]!r} belongs to none"
            + ("; a decimal comma? write 4.5" if layout.separator == "," else ""),
        )
    if len(fields) < layout.columns:
        raise _Bad(
            Reason.TOO_FEW_FIELDS,
            f"{len(fields)} fields where the file has {layout.columns} columns",
        )
    return fields


def _check_header(user: str, item: str, layout: Layout) -> None:
    if (user, item) == layout.header:
        raise _Bad(Reason.HEADER_ROW, "the header once more: delete the line")


def _check_id(text: str, reason: Reason, what: str) -> None:
    if not text:
        raise _Bad(reason, f"the {what} is empty")
    if len(text.encode()) > MAX_ID_BYTES:
        raise _Bad(reason, f"the {what} is longer than {MAX_ID_BYTES} bytes: {text[:SHOWN]!r}…")
    if _CONTROL.search(text):
        raise _Bad(reason, f"the {what} holds control characters: {text[:SHOWN]!r}")


def _rating(text: str, layout: Layout) -> float:
    plain = text if layout.separator == "," else text.replace(",", ".", 1)
    try:
        value = _number(plain)
    except ValueError:
        told = "is empty" if not text else f"{text[:SHOWN]!r} is not a number"
        hint = "; is the line a header? name its columns user and item" if text.isalpha() else ""
        raise _Bad(Reason.BAD_RATING, f"the rating {told}{hint}") from None
    if not math.isfinite(value) or abs(value) > _MAX_RATING:
        raise _Bad(
            Reason.BAD_RATING,
            f"the rating {text[:SHOWN]!r} is not between -1,000,000 and 1,000,000",
        )
    return value


def _time(text: str) -> int:
    if not text:
        return NO_TIME
    try:
        value = _number(text)
    except ValueError:
        return _date(text)
    if not math.isfinite(value) or value < 0:
        raise _Bad(Reason.BAD_TIMESTAMP, f"the timestamp {text[:SHOWN]!r} is before 1970")
    seconds = value / 1000 if value >= _LATEST else value
    if seconds >= _LATEST:
        raise _Bad(
            Reason.BAD_TIMESTAMP,
            f"the timestamp {text[:SHOWN]!r} is neither seconds nor milliseconds since 1970",
        )
    return int(seconds)


def _date(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _Bad(
            Reason.BAD_TIMESTAMP,
            f"the timestamp {text[:SHOWN]!r} is neither seconds since 1970 nor a date such as "
            "2026-11-26T12:00:00Z",
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = int(moment.timestamp())
    if seconds < 0:
        raise _Bad(Reason.BAD_TIMESTAMP, f"the timestamp {text[:SHOWN]!r} is before 1970")
    return seconds


def _number(text: str) -> float:
    if "_" in text or len(text) > SHOWN:  # which Python reads, and nobody means
        raise ValueError(text)
    return float(text)


def _cut(text: str | None) -> str | None:
    return text[:MAX_ID_BYTES] if text else None
