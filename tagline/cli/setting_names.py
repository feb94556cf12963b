"""Settings that can be tried, as `tagline try --set` is completed with them."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from msgspec.structs import fields

from tagline.formats.section import Section
from tagline.formats.settings import Settings
from tagline.settings.tried import TRIABLE


def settings_that_may_follow(part: str) -> list[str]:
    """Return `training.epochs=` and others; behind a `=` the values, where they are few."""
    if "=" not in part:
        return [f"{path}=" for path, _ in _triable()]
    return [f"{path}={value}" for path, kind in _triable() for value in _choices(kind)]


def _triable() -> Iterator[tuple[str, Any]]:
    for field in fields(Settings):
        if field.name in TRIABLE:
            yield from _within(field.name, field.type)


def _within(path: str, kind: Any) -> Iterator[tuple[str, Any]]:
    """Yield a setting; of a section those in it."""
    section = next((each for each in (kind, *get_args(kind)) if _is_section(each)), None)
    if section is None:
        yield path, kind
        return
    for field in fields(section):
        yield from _within(f"{path}.{field.name}", field.type)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _choices(kind: Any) -> Iterator[str]:
    for each in (kind, *get_args(kind)):
        if each is bool:
            yield from ("true", "false")
        elif get_origin(each) is Literal:
            yield from map(str, get_args(each))
