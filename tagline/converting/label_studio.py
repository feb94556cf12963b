"""Label Studio's exports: JSON, and JSON-MIN."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from tagline.converting.entries import Asked, Declined, Entry, Reading, Tagged, Why
from tagline.converting.json_elements import TOP, elements

_FILE = re.compile(r"\.(?:png|jpe?g|webp|gif|bmp|tiff?)(?:$|\?)", re.IGNORECASE)
_LOCAL = "/data/local-files/"
_STORED = "/data/"
_MIN_NO_TAGS = frozenset(
    {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "annotations",
     "predictions", "data", "meta"}
)  # fmt: skip


def read(source: Path, asked: Asked) -> Reading:
    """Return the tasks, each with the choices and labels of its annotations that were submitted."""
    said = {
        "Images": asked.file_column or "the key of each task's data that holds an image",
        "Tags": ", ".join(asked.tags_columns) or "choices and labels of all submitted annotations",
    }
    reading = Reading("label_studio", said, iter(()), "task")
    reading.entries = _entries(source, asked, reading)
    return reading


def _entries(source: Path, asked: Asked, reading: Reading) -> Iterator[Entry]:
    several = 0
    for _, number, text in elements(source, {TOP}):
        try:
            task = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as exc:
            yield Declined(number, None, Why.BAD_ELEMENT, f"task {number}: {exc}")
            continue
        data = task.get("data", task)
        path = _path(data, asked.file_column) if isinstance(data, dict) else None
        if path is None:
            detail = f"task {number} names no image; --file-column says which key does"
            yield Declined(number, None, Why.NO_PATH, detail)
            continue
        if data is task and "annotations" not in task:
            yield Tagged(number, path, _of_min(task, asked))
            continue
        submitted = _submitted(task)
        if not submitted:
            yield Declined(number, path, Why.NOT_ANNOTATED, f"task {number} has no annotation")
            continue
        several += len(submitted) > 1
        results = [result for each in submitted for result in _dicts(each.get("result"))]
        yield Tagged(number, path, list(_tags(results, asked.tags_columns)))
    if several:
        reading.notes.append(f"{several:,} tasks have several annotations: their tags were joined")


def _submitted(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    made = task.get("annotations", task.get("completions"))  # as older versions call them
    return [each for each in _dicts(made) if not each.get("was_cancelled")]


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _path(data: Mapping[str, Any], column: str | None) -> str | None:
    """Return the file that a task is about, below Label Studio's folder of media."""
    if column is not None:
        told = data.get(column)
    else:
        texts = [value for value in data.values() if isinstance(value, str)]
        told = next(filter(_FILE.search, texts), data.get("image"))
    if not isinstance(told, str):
        return None
    if told.startswith(_LOCAL):
        return next(iter(parse_qs(urlsplit(told).query).get("d", [])), None)
    return told.removeprefix(_STORED)


def _tags(results: Iterable[Mapping[str, Any]], wanted: tuple[str, ...]) -> Iterator[str]:
    for result in results:
        kind, value = result.get("type"), result.get("value")
        if not isinstance(kind, str) or not isinstance(value, dict):
            continue
        if not wanted or result.get("from_name") in wanted:
            yield from _named(kind, value)


def _named(kind: str, value: Mapping[str, Any]) -> Iterator[str]:
    told = value.get(kind)
    if not isinstance(told, list):
        return
    if kind == "taxonomy":  # each a way from the root
        yield from (" / ".join(map(str, way)) for way in told if isinstance(way, list))
    elif kind == "choices" or kind.endswith("labels"):
        yield from (name for name in told if isinstance(name, str))


def _of_min(task: Mapping[str, Any], asked: Asked) -> list[str]:
    """Return the tags of a task whose controls are keys: a choice, choices, or boxes."""
    tags: list[str] = []
    for key, value in task.items():
        if key in _MIN_NO_TAGS or (asked.tags_columns and key not in asked.tags_columns):
            continue
        if isinstance(value, str) and not _FILE.search(value) and key != asked.file_column:
            tags.append(value)
        elif isinstance(value, dict) and isinstance(value.get("choices"), list):
            tags += [name for name in value["choices"] if isinstance(name, str)]
        else:
            kinds = ((kind, box) for box in _dicts(value) for kind in box)
            tags += [tag for kind, box in kinds for tag in _named(kind, box)]
    return tags
