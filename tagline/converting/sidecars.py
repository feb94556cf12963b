"""Images with their tags in a file beside each: text, or JSON of several tools."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from tagline.converting.entries import Asked, Declined, Entry, Reading, Tagged, Why
from tagline.converting.folders import not_an_image
from tagline.converting.tags import split_tags
from tagline.converting.walking import Found, files_in

_MAX_BYTES = 1 << 20
_SIDECARS = (".txt", ".json")
_KEYS = ("tags", "labels", "classes", "categories", "keywords", "shapes")  # shapes: LabelMe
_NAMES = ("label", "name", "tag", "class", "category")
_BOX = re.compile(r"\d+(?:\s+[-+.\deE]+){4,}\s*")


class _Unreadable(ValueError):
    """A file that holds no tags; the message says why."""


def read(source: Path, asked: Asked) -> Reading:
    """Return the images of a folder, each with the tags in the file of its name."""
    separator = asked.tags_separator
    shown = repr(separator) if separator else "commas or line ends"
    said = {
        "Images": f"files below {source.name or source}/",
        "Tags": f"the .txt or .json file beside each; in .txt separated by {shown}",
    }
    return Reading("sidecars", said, _entries(source, separator), "file")


def sidecar_of(folder: Path, path: str) -> Path | None:
    """Return the file with an image's tags: x.txt or x.png.txt, .json, or `tag --sidecar`'s."""
    image = folder / path
    beside = [image.with_name(f"{image.name}.tags.json")]
    for ending in _SIDECARS:
        beside += [image.with_suffix(ending), image.with_name(image.name + ending)]
    return next((file for file in beside if file.is_file()), None)


def _entries(folder: Path, separator: str | None) -> Iterator[Entry]:
    number = 0
    for found in files_in(folder):
        if found.ending in _SIDECARS and _has_image(folder, found):
            continue  # it is told with its image
        number += 1
        sidecar = sidecar_of(folder, found.path) if found.is_image else None
        if not found.is_image:
            yield not_an_image(number, found.path, found.ending)
        elif sidecar is None:
            name = PurePosixPath(found.path)
            detail = f"there is no {name.stem}.txt or {name.stem}.json beside it"
            yield Declined(number, found.path, Why.NOT_ANNOTATED, detail)
        else:
            try:
                yield Tagged(number, found.path, _tags(sidecar, separator))
            except _Unreadable as exc:
                yield Declined(number, found.path, Why.BAD_VALUE, f"{sidecar.name}: {exc}")


def _has_image(folder: Path, found: Found) -> bool:
    sidecar = folder / found.path
    stem = sidecar.name.removesuffix(found.ending).removesuffix(".tags")
    endings = ("", ".png", ".jpg", ".jpeg", ".webp", ".PNG", ".JPG", ".JPEG", ".WEBP")
    beside = (sidecar.with_name(stem + ending) for ending in endings)
    return any(image.is_file() and image != sidecar for image in beside)


def _tags(file: Path, separator: str | None) -> list[str]:
    with file.open("rb") as stream:
        data = stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise _Unreadable(f"larger than {_MAX_BYTES >> 20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise _Unreadable("not UTF-8") from exc
    return _of_json(text) if file.suffix.lower() == ".json" else _of_text(text, separator)


def _of_text(text: str, separator: str | None) -> list[str]:
    lines = text.splitlines()
    if lines and all(_BOX.fullmatch(line) for line in lines if line.strip()):
        raise _Unreadable("boxes in YOLO's form, which names no label; export them as COCO")
    return [tag for line in lines for tag in split_tags(line, separator or ",")]


def _of_json(text: str) -> list[str]:
    try:
        told = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise _Unreadable(f"no sound JSON: {exc}") from exc
    if isinstance(told, dict):
        key = next((key for key in _KEYS if key in told), None)
        if key is None:
            raise _Unreadable(f"none of the keys {', '.join(_KEYS)}")
        told = told[key]
    if not isinstance(told, list):
        raise _Unreadable("its tags are no list")
    return [_name(item) for item in told]


def _name(item: object) -> str:
    if isinstance(item, dict):
        item = next((item[key] for key in _NAMES if key in item), None)
    if not isinstance(item, str):
        raise _Unreadable(f"a tag is text, or an object with one of {', '.join(_NAMES)}")
    return item
