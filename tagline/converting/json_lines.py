"""JSON Lines: an object an image, its keys for columns; Hugging Face's metadata.jsonl is one."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from tagline.converting.entries import Asked, Reading, Unconvertible
from tagline.converting.tables import Record, as_cell, read_table
from tagline.formats.list_lines import read_lines

_SAMPLE = 1000


def read(source: Path, asked: Asked) -> Reading:
    """Return the entries of a table whose rows are objects, by the keys of the first of them."""
    names = list(
        dict.fromkeys(key for _, told in islice(_objects(source), _SAMPLE) for key in told)
    )

    def records() -> Iterator[Record]:
        for line, told in _objects(source):
            yield Record(line, [as_cell(told.get(name)) for name in names])

    return read_table("jsonl", records, asked, names=names)


def _objects(source: Path) -> Iterator[tuple[int, dict[str, object]]]:
    with source.open("rb") as stream:
        for line in read_lines(stream):
            try:
                yield line.number, msgspec.json.decode(line.text, type=dict[str, object])
            except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
                raise Unconvertible(
                    f"{source} line {line.number}: no JSON object ({exc}), as the first line is one"
                ) from exc
