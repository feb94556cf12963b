"""Settings of a candidate: dataset.yaml's, some of them replaced by what `--set` says."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tagline.formats.settings import Settings
from tagline.settings.errors import InvalidSettings
from tagline.settings.reading import load_settings, located, settings_of
from tagline.settings.yaml_file import parse_yaml

TRIABLE = ("image", "quality", "training", "tuning", "recommender", "budget")
"""What makes another model, or pays for it; the rest says what is judged, and what serves."""
_MOST_BYTES = 1500  # an object's metadata has room for 2 KiB


def with_tried(text: bytes, tried: Sequence[str], file: str = "dataset.yaml") -> Settings:
    """Return the settings of a `dataset.yaml` with such as `training.epochs=20` in place of its.

    Values are YAML. Raises InvalidSettings in the words of the setting at fault: those of `--set`
    for one that is tried, with file and line for others.
    """
    load_settings(text, file)  # what is wrong without them is the file's own fault
    values: dict[Any, Any] = _mapping(parse_yaml(text))
    given: dict[str, str] = {}
    for each in tried:
        path, value = _parsed(each)
        if path in given:
            raise InvalidSettings(f"--set {each}: {path} is given twice", path)
        given[path] = each
        _put(values, path, value)
    try:
        return settings_of(values)
    except InvalidSettings as exc:
        for path, each in given.items():
            if _same(path, exc.setting):
                raise InvalidSettings(f"--set {each}: {exc}", exc.setting) from exc
        raise located(exc, text, file) from exc


def as_metadata(tried: Sequence[str]) -> str:
    """Return what is tried as metadata of an object; raises InvalidSettings for too much."""
    told = json.dumps(list(tried))
    if len(told) > _MOST_BYTES:
        raise InvalidSettings(
            f"what is tried is {len(told):,} characters long, and {_MOST_BYTES:,} are kept with a "
            "list: put the rest into dataset.yaml"
        )
    return told


def read_tried(told: str) -> tuple[str, ...]:
    """Return what an object's metadata says is tried; raises InvalidSettings."""
    try:
        found = msgspec.json.decode(told, type=tuple[str, ...])
    except msgspec.DecodeError as exc:
        raise InvalidSettings(f"is no JSON array of settings: {exc}") from exc
    if not found:
        raise InvalidSettings("is an empty array")
    return found


def _parsed(each: str) -> tuple[str, object]:
    path, equals, written = each.partition("=")
    path = path.strip()
    if not equals or not path:
        raise InvalidSettings(f"--set {each}: expected SETTING=VALUE, such as training.epochs=20")
    section = path.split(".")[0]
    if section in Settings.__struct_fields__ and section not in TRIABLE:
        raise InvalidSettings(
            f"--set {each}: {section} is the dataset's, not a model's: a candidate is judged and "
            f"would serve as the others; tried can be {', '.join(TRIABLE)}",
            path,
        )
    try:
        return path, parse_yaml(written)
    except InvalidSettings as exc:
        raise InvalidSettings(f"--set {each}: {exc}", path) from exc


def _put(values: dict[Any, Any], path: str, value: object) -> None:
    *sections, last = path.split(".")
    for name in sections:
        values[name] = values = _mapping(values.get(name))
    values[last] = value


def _mapping(value: object) -> dict[Any, Any]:
    """Return a section's settings, to be changed; of what is none, that nothing is set."""
    return dict(value) if isinstance(value, Mapping) else {}


def _same(tried: str, setting: str) -> bool:
    """Return whether a setting at fault is what is tried, lies in it, or holds it."""
    return bool(setting) and (
        tried == setting or setting.startswith(f"{tried}.") or tried.startswith(f"{setting}.")
    )
