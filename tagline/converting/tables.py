"""Rows of a table, of CSV or Parquet alike, as entries."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from tagline.converting.columns import FALSE, TRUE, Cell, Layout, Row, has_header, lay_out
from tagline.converting.entries import Asked, Declined, Entry, Reading, Tagged, Unconvertible, Why
from tagline.converting.tags import WHOLE, BadTag, split_tags

_SAMPLE = 1000  # rows that columns are guessed of
_BLANK = " "


class Record(NamedTuple):
    """A row as it stands in the file, by its first line or its number."""

    line: int
    cells: Row


def as_cell(value: object) -> Cell:
    """Return a value of a typed table as a cell; of a list of objects, what they name."""
    if isinstance(value, list):
        return [_called(item) for item in value if item is not None]
    return "" if value is None else str(value)


def _called(item: object) -> str:
    if isinstance(item, dict):  # as `tagline tag --jsonl` writes a tag with its score
        item = next((item[key] for key in ("label", "name", "tag") if key in item), item)
    return str(item)


def read_table(
    format_name: str,
    records: Callable[[], Iterator[Record]],
    asked: Asked,
    *,
    names: Sequence[str] | None = None,
    unit: str = "line",
) -> Reading:
    """Return the reading of a table that can be gone through twice.

    Without `names` they are its first row, or numbers where that is no header.
    """
    sample = list(islice(records(), _SAMPLE))
    header = names is None and bool(sample) and has_header([cells for _, cells in sample])
    if names is None and sample:
        first = sample[0].cells
        names = (
            [str(name).strip() for name in first]
            if header
            else [str(at) for at in range(1, len(first) + 1)]
        )
    rows = [cells for _, cells in sample[header:]]
    if not rows or names is None:
        raise Unconvertible("the table has no rows, only a header" if header else "no rows at all")
    layout = lay_out(names, rows, asked)
    guessed = {**layout.said, "Header": "the first row"} if header else layout.said
    reading = Reading(format_name, guessed, iter(()), unit)
    reading.declared += [layout.names[at] for at in layout.flags]
    if layout.tags is not None and layout.separator == WHOLE and not asked.tags_separator:
        _note_blanks(reading, [row[layout.tags] for row in rows if layout.tags < len(row)])
    reading.entries = _entries(islice(records(), int(header), None), layout)
    return reading


def _note_blanks(reading: Reading, cells: Sequence[Cell]) -> None:
    if sum(isinstance(cell, str) and _BLANK in cell.strip() for cell in cells) * 2 > len(cells):
        reading.notes.append(
            "each value was taken as one tag, blanks and all: --tags-sep ' ' splits at blanks"
        )


def _entries(records: Iterator[Record], layout: Layout) -> Iterator[Entry]:
    width, failed = len(layout.names), layout.failure
    for line, cells in records:
        path = cells[layout.file] if layout.file < len(cells) else None
        path = path if isinstance(path, str) else None
        if len(cells) != width:
            detail = f"{len(cells)} columns where the first row has {width}"
            yield Declined(line, path, Why.WRONG_COLUMNS, detail)
            continue
        try:
            tags = _tags(cells, layout)
        except BadTag as exc:
            yield Declined(line, path, Why.BAD_VALUE, str(exc))
            continue
        failure = "" if failed is None else str(cells[failed]).strip()
        if failure and not any(tag.strip() for tag in tags):
            yield Declined(line, path, Why.NOT_ANNOTATED, f"it got no tags: {failure[:200]}")
        else:
            yield Tagged(line, path or "", tags)


def _tags(cells: Row, layout: Layout) -> list[str]:
    if layout.tags is not None:
        cell = cells[layout.tags]
        return cell if isinstance(cell, list) else split_tags(cell, layout.separator)
    return [layout.names[at] for at in layout.flags if _flag(cells[at], layout.names[at])]


def _flag(cell: Cell, name: str) -> bool:
    value = cell.strip().lower() if isinstance(cell, str) else None
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise BadTag(f"column {name!r} holds {str(cell)[:40]!r}: 0 or 1, true or false, x or nothing")
