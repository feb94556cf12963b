"""Thresholds that a person sets: of labels that the list has."""

from collections.abc import Sequence
from difflib import get_close_matches

from tagline.formats.settings import Settings
from tagline.settings.errors import InvalidSettings

_SHOWN = 10  # labels


def check_thresholds(settings: Settings, names: Sequence[str]) -> None:
    """Raise InvalidSettings for a threshold of a label that is not among the list's."""
    known = set(names)
    for label in settings.thresholds:
        if label not in known:
            near = get_close_matches(label, names, n=3)
            hint = f"near it: {', '.join(near)}" if near else _all(names)
            setting = f"thresholds.{label}"
            raise InvalidSettings(f"{setting}: the list has no such label; {hint}", setting)


def _all(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"its labels are {', '.join(names[:_SHOWN])}{more}"
