"""Checks of plain values, put together to what a document may hold; each fault names its place."""

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Faults = Iterator[str]
Check = Callable[[str, Any], Faults]
_ALMOST = 0.6  # of difflib's ratio


@dataclass(frozen=True)
class Table:
    """An object of known keys, `needed` among them."""

    keys: Mapping[str, Check]
    needed: tuple[str, ...] = ()

    def __call__(self, place: str, value: Any) -> Faults:
        """Yield what is wrong with an object at a place."""
        if not isinstance(value, dict):
            yield f"{place or 'the recipe'}: an object is expected"
            return
        for key, item in value.items():
            where = f"{place}.{key}" if place else str(key)
            if key in self.keys:
                yield from self.keys[key](where, item)
            else:
                yield f"{where}: {no_such(str(key), self.keys)}"
        for key in self.needed:
            if key not in value:
                yield f"{place or 'the recipe'}: {key} is missing"


def no_such(key: str, known: Collection[str]) -> str:
    """Say that a key is none of those that are known, and which was meant."""
    folded = {name.casefold(): name for name in known}
    if (name := folded.get(key.casefold())) is not None:
        return f"there is no such key; {name} is meant, keys have their exact case"
    if near := difflib.get_close_matches(key.casefold(), folded, 1, _ALMOST):
        return f"there is no such key; {folded[near[0]]} is meant?"
    return f"there is no such key; there are {', '.join(known)}"


def text(pattern: str = r"(?s).*", form: str = "a text") -> Check:
    """Return a check for a text that a pattern describes whole; `form` is it in words."""
    compiled = re.compile(pattern)

    def check(place: str, value: Any) -> Faults:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            yield f"{place}: {brief(value)} is not {form}"

    return check


def one_of(*words: str) -> Check:
    """Return a check for one of these words."""

    def check(place: str, value: Any) -> Faults:
        if not isinstance(value, str) or value not in words:
            yield f"{place}: {brief(value)} is not one of {', '.join(words)}"

    return check


def flag(place: str, value: Any) -> Faults:
    """Check for a truth value, which may be written as a text."""
    if not isinstance(value, bool) and value not in ("true", "false"):
        yield f"{place}: {brief(value)} is not true or false"


def seconds(place: str, value: Any) -> Faults:
    """Check for a whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        yield f"{place}: {brief(value)} is not a number of seconds from 1"


def an_object(place: str, value: Any) -> Faults:
    """Check for an object of any keys."""
    if not isinstance(value, dict):
        yield f"{place}: an object is expected"


def many(check: Check, fewest: int = 0) -> Check:
    """Return a check for a list of what another check is for."""

    def all_of(place: str, value: Any) -> Faults:
        if not isinstance(value, list) or len(value) < fewest:
            yield f"{place}: a list{f' of {fewest} or more' if fewest else ''} is expected"
            return
        for number, item in enumerate(value):
            yield from check(f"{place}[{number}]", item)

    return all_of


def mapped(check: Check, key: str, form: str) -> Check:
    """Return a check for an object of such keys, each with what another check is for."""
    compiled = re.compile(key)

    def all_of(place: str, value: Any) -> Faults:
        if not isinstance(value, dict):
            yield f"{place}: an object is expected"
            return
        for name, item in value.items():
            if not compiled.fullmatch(str(name)):
                yield f"{place}.{name}: is not {form}"
            yield from check(f"{place}.{name}", item)

    return all_of


def either(plain: Check, whole: Check) -> Check:
    """Return a check that is `plain` for a text, and `whole` for anything else."""

    def check(place: str, value: Any) -> Faults:
        yield from (plain if isinstance(value, str) else whole)(place, value)

    return check


def brief(value: Any) -> str:
    """Return a value as it is told in an error."""
    return repr(value)[:60]
