"""The lines of a batch's list: which path, or prefix, each of them names."""

import csv
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from tagline.formats.list_lines import Line, read_lines
from tagline.formats.reasons import MEANING, Reason

_COLUMNS = ("path", "image", "key", "uri", "s3_uri", "file", "filename", "url")
_USERS = ("user", "user_id", "userid")
_LONGEST_USER = 256  # bytes
_SEPARATORS = ",;\t"
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")  # of what is taken for an image by its name


class NamedPath(NamedTuple):
    """What a line names, or the reason why it names nothing; `path` is then what stands there."""

    line: int
    path: str
    reason: Reason | None = None


def read_paths(stream: BinaryIO, kind: str) -> Iterator[NamedPath]:
    """Yield what each line of a list of this kind names, in order; blank lines name nothing.

    txt: the line itself. lst: its last column between tabs. csv: the column called path, image,
    key, uri, s3_uri, file, filename or url, whose header names no image; the first column where
    none is called so. Columns are between commas, or what the first line has in their place.
    """
    column: int | None = None
    separator = _SEPARATORS[0]
    for line in read_lines(stream):
        if kind == "csv" and column is None:
            separator = _separator(line)
        fields = _fields(line, kind, separator)
        if fields is None:
            shown = line.text[:200].decode(errors="backslashreplace")
            yield NamedPath(line.number, shown, _fault(line))
            continue
        if kind == "csv" and column is None:
            column = _column(fields)
            if column is not None:
                continue
            column = 0
        at = {"csv": column or 0, "lst": -1}.get(kind, 0)
        path = fields[at].strip() if -1 <= at < len(fields) else ""
        yield NamedPath(line.number, path, None if path else Reason.BAD_PATH)


def read_users(stream: BinaryIO, kind: str) -> Iterator[NamedPath]:
    """Yield the user that each line names, in order: the line itself.

    csv: the column called user, user_id or userid, else the first, and that name is no user.
    """
    column: int | None = None
    separator = _SEPARATORS[0]
    for line in read_lines(stream):
        if kind == "csv" and column is None:
            named = [(each, _fields(line, "csv", each) or []) for each in _SEPARATORS]
            found = [(each, _column(fields, _USERS)) for each, fields in named]
            separator, header = next((one for one in found if one[1] is not None), found[0])
            column = header or 0
            if header is not None:
                continue
        fields = _fields(line, "csv" if kind == "csv" else "txt", separator)
        if fields is None:
            shown = line.text[:200].decode(errors="backslashreplace")
            yield NamedPath(line.number, shown, _fault(line))
            continue
        at = column or 0
        user = fields[at].strip() if at < len(fields) else ""
        good = user and user.isprintable() and len(user.encode()) <= _LONGEST_USER
        yield NamedPath(line.number, user[:_LONGEST_USER], None if good else Reason.BAD_USER)


def _separator(line: Line) -> str:
    """Return what stands between the columns by a first line: Excel's semicolons, or tabs, too."""
    by = {each: _fields(line, "csv", each) for each in _SEPARATORS}
    header = (each for each, fields in by.items() if _column(fields) is not None)
    image = (each for each, fields in by.items() if fields and _is_image(fields[0]))
    return next(header, next(image, _SEPARATORS[0]))


def _is_image(path: str) -> bool:
    return path.strip().lower().endswith(ENDINGS)


def _column(fields: list[str] | None, known: Sequence[str] = _COLUMNS) -> int | None:
    """Return where a header names the images, or the users; None where it doesn't."""
    names = [field.strip().lower() for field in fields or ()]
    return next((names.index(name) for name in known if name in names), None)


def _fields(line: Line, kind: str, separator: str) -> list[str] | None:
    """Return the columns of a line; None where it cannot be read."""
    if line.cut:
        return None
    try:
        text = line.text.decode()
    except UnicodeDecodeError:
        return None
    if kind == "lst":
        return text.split("\t")
    if kind == "csv":
        try:
            return next(csv.reader([text], delimiter=separator))
        except csv.Error:
            return [""]
    return [text]


def _fault(line: Line) -> Reason:
    return Reason.LINE_TOO_LONG if line.cut else Reason.BAD_ENCODING


def said(named: NamedPath) -> str:
    """Return, for people, why a line names nothing."""
    return MEANING[named.reason] if named.reason else ""
