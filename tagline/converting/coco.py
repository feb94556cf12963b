"""COCO's instances: images, annotations and categories, in whatever order the file has them."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from tagline.converting.entries import Asked, Declined, Entry, Reading, Tagged, Why
from tagline.converting.joining import scratch
from tagline.converting.json_elements import Element, elements

NAME = "_annotations.coco.json"  # what Roboflow calls it, in each folder of images
KEYS = frozenset({"images", "annotations"})
_SCHEMA = """
CREATE TABLE image (number INTEGER PRIMARY KEY, id TEXT UNIQUE, path TEXT);
CREATE TABLE category (id TEXT UNIQUE, number INTEGER, name TEXT);
CREATE TABLE tag (image TEXT, category TEXT, number INTEGER);
"""
_JOINED = """
SELECT image.number, image.path, category.name FROM image
LEFT JOIN tag ON tag.image = image.id LEFT JOIN category ON category.id = tag.category
ORDER BY image.number, category.number
"""
_LEFT = """
SELECT tag.number, tag.image, tag.category, image.path FROM tag
LEFT JOIN image ON image.id = tag.image LEFT JOIN category ON category.id = tag.category
WHERE image.id IS NULL OR category.id IS NULL ORDER BY tag.number
"""
_Id = int | str


class _Image(Struct):
    id: _Id
    file_name: str


class _Category(Struct):
    id: _Id
    name: str


class _Annotation(Struct):
    image_id: _Id
    category_id: _Id


_TYPES: dict[str, type[_Image | _Category | _Annotation]] = {
    "images": _Image,
    "categories": _Category,
    "annotations": _Annotation,
}


def read(source: Path, asked: Asked) -> Reading:  # noqa: ARG001 - nothing is guessed
    """Return the images of a COCO file, each with the categories of its annotations."""
    said = {"Images": "images[].file_name", "Tags": "the categories of their annotations"}
    reading = Reading("coco", said, iter(()), "image")
    reading.entries = _entries(source, reading)
    return reading


def _entries(source: Path, reading: Reading) -> Iterator[Entry]:
    with scratch(_SCHEMA) as base:
        for element in elements(source, _TYPES.keys()):
            if (fault := _keep(base, element)) is not None:
                yield fault
        base.execute("CREATE INDEX of_image ON tag (image)")
        named = base.execute("SELECT name FROM category ORDER BY number")
        reading.declared += [name for (name,) in named]
        path, number, tags = "", 0, list[str]()
        for at, found, tag in base.execute(_JOINED):
            if at != number and number:
                yield Tagged(number, path, tags)
                tags = []
            number, path = at, found
            tags += [] if tag is None else [tag]
        if number:
            yield Tagged(number, path, tags)
        for at, image, category, path in base.execute(_LEFT):
            yield _unknown(at, image, category, path)


def _keep(base: sqlite3.Connection, element: Element) -> Declined | None:
    key, number, text = element
    try:
        told = msgspec.json.decode(text, type=_TYPES[key])
        if isinstance(told, _Image):
            base.execute(
                "INSERT INTO image VALUES (?, ?, ?)", (number, str(told.id), told.file_name)
            )
        elif isinstance(told, _Category):
            base.execute("INSERT INTO category VALUES (?, ?, ?)", (str(told.id), number, told.name))
        else:
            ids = str(told.image_id), str(told.category_id)
            base.execute("INSERT INTO tag VALUES (?, ?, ?)", (*ids, number))
    except sqlite3.IntegrityError:
        return _declined(element, "another entry has the same id")
    except (msgspec.DecodeError, RecursionError, UnicodeError) as exc:
        return _declined(element, str(exc))
    return None


def _declined(element: Element, what: str) -> Declined:
    detail = f"{element.key}[{element.number - 1}]: {what}"
    return Declined(element.number, None, Why.BAD_ELEMENT, detail)


def _unknown(number: int, image: str, category: str, path: str | None) -> Declined:
    where = f"annotations[{number - 1}]"
    if path is None:
        detail = f"{where} is of the image {image}, which is not among the images"
        return Declined(number, None, Why.UNKNOWN_IMAGE, detail)
    detail = f"{where} has the category {category}, which is not among the categories"
    return Declined(number, path, Why.UNKNOWN_LABEL, detail)
