"""CSV and its kin: encoding and separator are guessed, rows are read one at a time."""

import codecs
import csv
from collections.abc import Iterator
from functools import partial
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from tagline.converting.entries import Asked, Reading, Unconvertible
from tagline.converting.tables import Record, read_table
from tagline.formats.list_lines import MAX_LINE_BYTES

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_WINDOWS = "cp1252"
_CHUNK = 1 << 20
_SAMPLE_LINES = 200
_EXCELS = "sep="  # a first line by which Excel is told the separator


def read(source: Path, asked: Asked) -> Reading:
    """Return the entries of a table of text."""
    encoding = asked.encoding or _encoding(source)
    start = [line for _, line in islice(_lines(source, encoding), _SAMPLE_LINES)]
    told = start[0].strip() if start else ""
    skipped = told.startswith(_EXCELS) and len(told) == len(_EXCELS) + 1
    separator = told[-1] if skipped else _separator(start)
    records = partial(_records, source, encoding, separator, int(skipped))
    reading = read_table("csv", records, asked)
    shown = "Windows-1252" if encoding == _WINDOWS else encoding.removesuffix("-sig").upper()
    of = {"Separator": _SEPARATORS.get(separator, repr(separator)), "Encoding": shown}
    reading.guessed = {**of, **reading.guessed}
    return reading


def _encoding(source: Path) -> str:
    """Return the encoding of a file: by its mark, else UTF-8 if all of it is, else Windows'."""
    with source.open("rb") as file:
        start = file.read(4)
        if found := next((name for bom, name in _BOMS if start.startswith(bom)), None):
            return found
        if b"\0" in start:
            return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
        file.seek(0)
        decode = codecs.getincrementaldecoder("utf-8")().decode
        line, accents = 1, False
        while True:
            chunk = file.read(_CHUNK)
            try:
                text = decode(chunk, final=not chunk)
            except UnicodeDecodeError as exc:
                before = exc.object[: exc.start]
                return _not_utf8(source, line + before.count(b"\n"), accents, before)
            if not chunk:
                return "utf-8"
            line += text.count("\n")
            accents = accents or not text.isascii()


def _not_utf8(source: Path, line: int, accents: bool, before: bytes) -> str:
    """Return Windows' encoding where nothing speaks for another; raises Unconvertible."""
    if accents or not before.isascii():
        raise Unconvertible(
            f"{source} line {line}: not UTF-8, though lines before it are: save all of it as "
            "UTF-8, or name its encoding: --encoding"
        )
    return _WINDOWS


def _lines(source: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its number; none is read that is longer than a list's may be."""
    try:
        file = source.open("rb")
        with file, TextIOWrapper(file, encoding=encoding, newline="") as text:
            number = 0
            while line := text.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise Unconvertible(
                        f"{source} line {number}: longer than {MAX_LINE_BYTES >> 20} MiB; is it a "
                        "table at all?"
                    )
                yield number, line
    except LookupError as exc:
        raise Unconvertible(f"--encoding {encoding!r}: Python knows no such encoding") from exc
    except UnicodeError as exc:
        raise Unconvertible(
            f"{source} near line {number + 1}: not {encoding} ({exc}); name its own: --encoding"
        ) from exc


def _separator(lines: list[str]) -> str:
    """Return what makes the most columns of which every line has as many as the first."""

    def columns(separator: str) -> tuple[float, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        except csv.Error:
            return 0.0, 0
        if not widths or widths[0] == 1:
            return 0.0, 0
        return widths.count(widths[0]) / len(widths), widths[0]

    best = max(_SEPARATORS, key=columns)
    if columns(best) == (0.0, 0):
        shown = lines[0].strip()[:60] if lines else ""
        raise Unconvertible(
            f"no columns: line 1 is {shown!r}; a table has an image and its tags a line, separated "
            "by commas, semicolons, tabs or bars"
        )
    return best


def _records(source: Path, encoding: str, separator: str, skipped: int) -> Iterator[Record]:
    lines = (line for _, line in islice(_lines(source, encoding), skipped, None))
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    line = skipped + 1
    try:
        for cells in reader:
            if cells:  # a blank line is no row
                yield Record(line, cells)
            line = reader.line_num + skipped + 1
    except csv.Error as exc:
        raise Unconvertible(
            f"{source} line {line}: {exc}; a value with a quote or the separator in it stands in "
            'quotes, and its own quotes are doubled: "a ""b"""'
        ) from exc
