"""The lines of a batch's list: which path, or prefix, each of them names."""

import csv
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from tagline.formats.list_lines import Line, read_lines
from tagline.formats.reasons import MEANING, Reason

_COLUMNS = ("path", "image", "key", "uri", "s3_uri", "file", "filename", "url")


class NamedPath(NamedTuple):
    """What a line names, or the reason why it names nothing; `path` is then what stands there."""

    line: int
    path: str
    reason: Reason | None = None


def read_paths(stream: BinaryIO, kind: str) -> Iterator[NamedPath]:
    """Yield what each line of a list of this kind names, in order; blank lines name nothing.

    txt: the line itself. lst: its last column between tabs. csv: the column called path, image,
    key, uri, s3_uri, file, filename or url, whose header names no image; the first column where
    none is called so.
    """
    column: int | None = None
    for line in read_lines(stream):
        fields = _fields(line, kind)
        if fields is None:
            shown = line.text[:200].decode(errors="backslashreplace")
            yield NamedPath(line.number, shown, _fault(line))
            continue
        if kind == "csv" and column is None:
            names = [field.strip().lower() for field in fields]
            column = next((names.index(name) for name in _COLUMNS if name in names), None)
            if column is not None:
                continue
            column = 0
        at = {"csv": column or 0, "lst": -1}.get(kind, 0)
        path = fields[at].strip() if -1 <= at < len(fields) else ""
        yield NamedPath(line.number, path, None if path else Reason.BAD_PATH)


def _fields(line: Line, kind: str) -> list[str] | None:
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
            return next(csv.reader([text]))
        except csv.Error:
            return [""]
    return [text]


def _fault(line: Line) -> Reason:
    return Reason.LINE_TOO_LONG if line.cut else Reason.BAD_ENCODING


def said(named: NamedPath) -> str:
    """Return, for people, why a line names nothing."""
    return MEANING[named.reason] if named.reason else ""
