"""SageMaker Ground Truth's output manifests: an object a line, the labels by their class-map."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from tagline.converting.entries import Asked, Declined, Entry, Reading, Tagged, Unconvertible, Why
from tagline.formats.list_lines import Line, read_lines

REFERENCE = "source-ref"
METADATA = "-metadata"
_SAMPLE = 100
_Object = dict[str, Any]


class _Unreadable(ValueError):
    """A line that tells no labels, by its code."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.why = why


def read(source: Path, asked: Asked) -> Reading:
    """Return the lines of a manifest, the labels of one attribute."""
    attribute = _attribute(source, asked)
    said = {"Images": REFERENCE, "Tags": f"attribute {attribute!r}"}
    return Reading("manifest", said, _entries(source, attribute))


def _attribute(source: Path, asked: Asked) -> str:
    if len(asked.tags_columns) > 1:
        raise Unconvertible("a manifest's labels are one attribute: give --tags-column once")
    with source.open("rb") as stream:
        sample = [_decoded(line) for line in islice(read_lines(stream), _SAMPLE)]
    found: Counter[str] = Counter(
        key.removesuffix(METADATA)
        for told in sample
        if isinstance(told, dict)
        for key in told
        if key.endswith(METADATA)
    )
    if asked.tags_columns:
        (wanted,) = asked.tags_columns
        if wanted in found:
            return wanted
        raise Unconvertible(f"--tags-column {wanted!r}: the attributes are {', '.join(found)}")
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise Unconvertible(
            f"{source} has no labels: no line has an attribute with its {METADATA}; it is the "
            "manifest that goes into a labelling job, not its output"
        )
    raise Unconvertible(
        f"{source} has labels of several jobs: {', '.join(found)}; say which: --tags-column"
    )


def _entries(source: Path, attribute: str) -> Iterator[Entry]:
    with source.open("rb") as stream:
        for line in read_lines(stream):
            told = _decoded(line)
            if not isinstance(told, dict):
                detail = "longer than 1 MiB" if line.cut else "no JSON object"
                yield Declined(line.number, None, Why.BAD_ELEMENT, f"the line is {detail}")
                continue
            path = told.get(REFERENCE)
            if not isinstance(path, str):
                detail = f"the line has no {REFERENCE!r}, which names an image"
                yield Declined(line.number, None, Why.NO_PATH, detail)
                continue
            try:
                yield Tagged(line.number, path, _tags(told, attribute))
            except _Unreadable as exc:
                yield Declined(line.number, path, exc.why, str(exc))


def _decoded(line: Line) -> object:
    try:
        return msgspec.json.decode(line.text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _tags(told: _Object, attribute: str) -> list[str]:
    metadata = told.get(attribute + METADATA)
    if not isinstance(metadata, dict):
        raise _Unreadable(Why.NOT_ANNOTATED, f"the line has no {attribute + METADATA!r}")
    if "failure-reason" in metadata:
        reason = str(metadata["failure-reason"])[:120]
        raise _Unreadable(Why.NOT_ANNOTATED, f"labelling failed: {reason}")
    value = told.get(attribute)
    if isinstance(value, dict):  # boxes
        boxes = value.get("annotations")
        value = [box.get("class_id") for box in boxes if isinstance(box, dict)] if boxes else []
    elif value is not None and not isinstance(value, list):
        name = metadata.get("class-name")
        if isinstance(name, str):
            return [name]
        value = [value]
    if value is None:
        raise _Unreadable(Why.NOT_ANNOTATED, f"the line has no {attribute!r}")
    return [_name(number, metadata.get("class-map")) for number in dict.fromkeys(map(str, value))]


def _name(number: str, classes: object) -> str:
    name = classes.get(number) if isinstance(classes, Mapping) else None
    if not isinstance(name, str):
        raise _Unreadable(Why.UNKNOWN_LABEL, f"class {number[:40]} is not in the class-map")
    return name
