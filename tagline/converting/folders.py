"""A folder per class: an image's tag is the folder that it lies in."""

from collections.abc import Iterator
from pathlib import Path

from tagline.converting.entries import Asked, Declined, Entry, Reading, Tagged, Why
from tagline.converting.walking import OTHER_IMAGES, SPLITS, files_in, parts_of

SPLIT_NOTE = (
    "the folders train, valid and test are no tags, and not taken over: a run divides the images "
    "itself and remembers how (docs/data.md)"
)


def read(source: Path, asked: Asked) -> Reading:  # noqa: ARG001 - nothing is guessed
    """Return the images of a folder, each with the name of the folder below `source` as its tag.

    Where these are called train, valid and test, the folders below them are the classes.
    """
    parts = parts_of(source)
    split = bool(parts) and all(part.name.lower() in SPLITS for part in parts)
    below = f"{source.name or source}/{'(train, valid, test)/' if split else ''}"
    said = {"Images": f"files below {below}", "Tags": "the folder that each lies in"}
    reading = Reading("folders", said, iter(()), "file")
    if split:
        reading.notes.append(SPLIT_NOTE)
    reading.entries = _entries(source, 1 if split else 0)
    return reading


def _entries(source: Path, depth: int) -> Iterator[Entry]:
    for number, found in enumerate(files_in(source), 1):
        folders = found.path.split("/")[:-1]
        if not found.is_image:
            yield not_an_image(number, found.path, found.ending)
        elif len(folders) <= depth:
            detail = "it lies in no folder that is a class"
            yield Declined(number, found.path, Why.NOT_ANNOTATED, detail)
        else:
            yield Tagged(number, found.path, [folders[depth]])


def not_an_image(number: int, path: str, ending: str) -> Declined:
    """Return why a file of a folder is no row."""
    cure = "; save it as PNG, JPEG or WebP" if ending in OTHER_IMAGES else ""
    return Declined(number, path, Why.NOT_AN_IMAGE, f"it ends in {ending or 'nothing'}{cure}")
