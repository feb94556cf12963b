"""The rows of an im2rec list: `id <tab> label … <tab> path`, labels any float32."""

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tagline.formats.list_lines import Line, read_lines
from tagline.formats.locations import fault_of_key
from tagline.formats.reasons import Reason
from tagline.formats.rows import Reject
from tagline.formats.spellings import plain_path

_FEWEST_FIELDS = 3
_LARGEST = 3.4028234663852886e38  # the largest float32
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SHOWN, _MOST_DIGITS = 80, 20


class ImageFile(NamedTuple):
    """A row that may be packed: `path` is absolute, `labels` a number without --pack-label."""

    line: int
    identifier: int
    path: str
    labels: tuple[float, ...] | float


class RowReader:
    """Reads rows; all must have as many labels as the first. `labels` is that number."""

    def __init__(self, root: Path, *, pack_label: bool) -> None:
        self.labels = 0
        self._root = str(root)
        self._inside = self._root.rstrip(os.sep) + os.sep
        self._pack_label = pack_label
        self._ids: set[int] = set()

    def read(self, path: Path) -> Iterator[ImageFile | Reject]:
        """Yield each row of a list; raise UnusableList when the file as a whole is unusable."""
        with path.open("rb") as stream:
            for line in read_lines(stream):
                yield self._row(line)

    def _row(self, line: Line) -> ImageFile | Reject:
        if line.cut:
            return _reject(line, None, None, Reason.LINE_TOO_LONG, "over 1 MiB")
        try:
            fields = line.text.decode().strip().split("\t")  # as MXNet reads it
        except UnicodeDecodeError as exc:
            return _reject(line, None, None, Reason.BAD_ENCODING, str(exc))
        fields[0], fields[-1] = fields[0].strip(), fields[-1].strip()  # float() skips blanks
        identifier = _identifier(fields[0])
        try:
            return self._file(line.number, identifier, fields)
        except _Refused as exc:
            return _reject(line, identifier, fields[-1], exc.reason, exc.detail)

    def _file(self, line: int, identifier: int | None, fields: list[str]) -> ImageFile:
        if len(fields) < _FEWEST_FIELDS:
            detail = f"{len(fields)} fields; id, label and path are separated by tabs"
            raise _Refused(Reason.WRONG_LABEL_COUNT, detail)
        if identifier is None:
            detail = f"{fields[0][:_SHOWN]!r} is no integer from 0 to 2^64-1"
            raise _Refused(Reason.BAD_ID, detail)
        if identifier in self._ids:
            raise _Refused(Reason.DUPLICATE_ID, f"an earlier row has id {identifier}")
        values = _floats(fields[1:-1])
        if len(values) != (self.labels or len(values)):
            detail = f"{len(values)} labels; the rows before have {self.labels}"
            raise _Refused(Reason.WRONG_LABEL_COUNT, detail)
        path = self._inside + self._name(fields[-1])
        self.labels = len(values)
        self._ids.add(identifier)
        packed = values if self._pack_label and len(values) > 1 else values[0]
        return ImageFile(line, identifier, path, packed)

    def _name(self, path: str) -> str:
        """Return a path below ROOT as a run would read it; a full one may name ROOT itself."""
        if _SCHEME.match(path):
            raise _Refused(Reason.BAD_PATH, "the path is a URI; files below ROOT are packed")
        name = plain_path(path.removeprefix(self._inside))
        if not name or name.endswith("/"):
            raise _Refused(Reason.BAD_PATH, "the path names no file")
        if fault := fault_of_key(name):
            raise _Refused(Reason.BAD_PATH, f"the key {fault}")
        return name


class _Refused(ValueError):
    """Why a row cannot be packed."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def _reject(
    line: Line, identifier: int | None, path: str | None, reason: Reason, detail: str
) -> Reject:
    return Reject(line=line.number, id=identifier, path=path, reason=reason, detail=detail)


def _identifier(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return None
    number = int(text)
    return number if number < 1 << 64 else None


def _floats(texts: list[str]) -> tuple[float, ...]:
    try:
        values = tuple(map(float, texts))
    except ValueError as exc:
        raise _Refused(Reason.BAD_LABEL, f"{exc!s:.120}") from exc
    if math.isfinite(sum(values)) and max(values) <= _LARGEST and min(values) >= -_LARGEST:
        return values
    for value, text in zip(values, texts, strict=True):
        if not (math.isfinite(value) and abs(value) <= _LARGEST):
            raise _Refused(Reason.BAD_LABEL, f"{text[:_SHOWN]!r} is no number of 32 bits")
    return values
