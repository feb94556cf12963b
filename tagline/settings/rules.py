"""Checks of single settings: each takes the setting's name and value, returns what it means."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Rule = Callable[[str, Any], Any]

S3_PREFIX = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_CHOICES = 30


class InvalidSettings(ValueError):
    """A setting, label name or source that cannot be used; the message names it."""


def _refuse(name: str, wanted: str, value: object) -> InvalidSettings:
    return InvalidSettings(f"{name}: expected {wanted}, found {value!r:.80}")


def integer(low: int, high: int) -> Rule:
    """Return a check for an integer in [low, high]."""

    def rule(name: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _refuse(name, f"an integer from {low} to {high}", value)
        return value

    return rule


def number(low: float, high: float) -> Rule:
    """Return a check for a finite number in [low, high]; an integer is taken as a float."""

    def rule(name: str, value: object) -> float:
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and low <= value <= high  # false for NaN
        ):
            return float(value)
        raise _refuse(name, f"a number from {low:g} to {high:g}", value)

    return rule


def one_of(*choices: str) -> Rule:
    """Return a check for one of the given words."""

    def rule(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise _refuse(name, f"one of {', '.join(choices)}", value)
        return value

    return rule


def optional(inner: Rule) -> Rule:
    """Return a check that lets null through and asks `inner` otherwise."""
    return lambda name, value: None if value is None else inner(name, value)


def boolean(name: str, value: object) -> bool:
    """Check for true or false."""
    if not isinstance(value, bool):
        raise _refuse(name, "true or false", value)
    return value


def word(name: str, value: object) -> str:
    """Check for a lower-case name such as a network's."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,39}", value):
        raise _refuse(name, "a name of lower-case letters and digits", value)
    return value


def colour(name: str, value: object) -> str:
    """Check for a colour written #rrggbb; returns it in lower case."""
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise _refuse(name, "a colour such as '#ffffff' (in quotes: # begins a comment)", value)
    return value.lower()


def instance_type(name: str, value: object) -> str:
    """Check for the form of a SageMaker instance type."""
    if not isinstance(value, str) or not re.fullmatch(r"ml\.[a-z0-9-]+\.[a-z0-9]+", value):
        raise _refuse(name, "an instance type such as ml.m5.xlarge", value)
    return value


def s3_prefix(name: str, value: object) -> str:
    """Check for s3://bucket/prefix/; returns it with the closing slash."""
    match = S3_PREFIX.fullmatch(value) if isinstance(value, str) else None
    prefix = (match[2] or "") if match else ""
    if match is None or ".." in prefix.split("/") or _CONTROL.search(prefix):
        raise _refuse(name, "s3://bucket/prefix/", value)
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    return f"s3://{match[1]}/{prefix}"


def ranges(
    floats: Mapping[str, tuple[float, float]],
    integers: Mapping[str, tuple[int, int]],
    choices: Mapping[str, Sequence[object] | None],
) -> Rule:
    """Return a check for the hyperparameter ranges of a tuning job.

    Numbers are given as [low, high] or {min, max} and come back as (low, high); choices come back
    as a tuple. A choice without known values takes any words.
    """
    known = [*floats, *integers, *choices]

    def rule(name: str, value: object) -> dict[str, tuple[Any, ...]]:
        if not isinstance(value, Mapping) or not value:
            raise _refuse(name, f"ranges for some of {', '.join(known)}", value)
        found: dict[str, tuple[Any, ...]] = {}
        for key, item in value.items():
            where = f"{name}.{key}"
            if key in floats:
                found[key] = _bounds(where, item, number(*floats[key]))
            elif key in integers:
                found[key] = _bounds(where, item, integer(*integers[key]))
            elif key in choices:
                found[key] = _choices(where, item, choices[key])
            else:
                raise InvalidSettings(f"{where}: cannot be tuned; known: {', '.join(known)}")
        return found

    return rule


def _bounds(name: str, value: object, inner: Rule) -> tuple[Any, Any]:
    if isinstance(value, Mapping) and set(value) == {"min", "max"}:
        value = [value["min"], value["max"]]
    if not isinstance(value, (list, tuple)) or len(value) != 2:  # noqa: PLR2004 - low and high
        raise _refuse(name, "[low, high]", value)
    low, high = (inner(name, bound) for bound in value)
    if low >= high:
        raise _refuse(name, "[low, high] with low below high", value)
    return low, high


def _choices(name: str, value: object, known: Sequence[object] | None) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= _MAX_CHOICES:
        raise _refuse(name, f"a list of 1 to {_MAX_CHOICES} choices", value)
    if len({repr(item) for item in value}) != len(value):
        raise _refuse(name, "choices that differ", value)
    if known is None:
        return tuple(word(name, item) for item in value)
    for item in value:
        # by type too: in Python 0 == False
        if not any(type(item) is type(choice) and item == choice for choice in known):
            raise _refuse(name, f"choices among {', '.join(map(str, known))}", item)
    return tuple(value)
