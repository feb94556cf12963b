"""A folder of exports, one for each of train, valid and test, as Roboflow makes it."""

from collections.abc import Iterator
from pathlib import Path

from tagline.converting import coco, delimited
from tagline.converting.entries import Asked, Declined, Entry, Reading, Tagged
from tagline.converting.folders import SPLIT_NOTE
from tagline.converting.walking import parts_of

CLASSES = "_classes.csv"
_READERS = {coco.NAME: coco.read, CLASSES: delimited.read}


def files_of(folder: Path) -> list[Path]:
    """Return the annotation files in a folder, or in the folders right below it."""
    names = next((n for n in _READERS for at in (folder, *parts_of(folder)) if (at / n).is_file()),
                 None)  # fmt: skip
    if names is None:
        return []
    return [at / names for at in (folder, *parts_of(folder)) if (at / names).is_file()]


def read(source: Path, asked: Asked) -> Reading:
    """Return the entries of all parts; an image lies in the folder of the file that names it."""
    files = files_of(source)
    readings = [(file.parent, _READERS[file.name](file, asked)) for file in files]
    first = readings[0][1]
    shown = ", ".join(file.relative_to(source).as_posix() for file in files)
    reading = Reading(first.format, {"Files": shown, **first.guessed}, iter(()), first.unit)
    if any(folder != source for folder, _ in readings):
        reading.notes.append(SPLIT_NOTE)
    reading.entries = _entries(source, readings, reading)
    return reading


def _entries(
    source: Path, readings: list[tuple[Path, Reading]], all_of_it: Reading
) -> Iterator[Entry]:
    for folder, reading in readings:
        below = folder.relative_to(source)
        prefix = "" if folder == source else f"{below.as_posix()}/"
        for entry in reading.entries:
            if isinstance(entry, Tagged):
                yield entry._replace(path=prefix + entry.path if entry.path else "")
            else:
                where = f"{prefix}: " if prefix else ""
                yield Declined(entry.line, entry.path, entry.why, where + entry.detail)
        for notes, told in (
            (all_of_it.notes, reading.notes),
            (all_of_it.declared, reading.declared),
        ):
            notes.extend(each for each in told if each not in notes)
