"""Other spellings of a path: what the tools that write lists, or copy files, make of a name."""

import unicodedata
from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from urllib.parse import unquote

_MOST_FORMS = 16


def plain_path(path: str) -> str:
    """Return a path without the `./` and doubled slashes that lead nowhere, nor a leading slash."""
    if "//" in path or "./" in path or path.endswith("/.") or path == ".":
        kept = [part for part in path.split("/") if part not in {"", "."}]
        closed = "/" if path.endswith(("/", "/.")) or path == "." else ""
        return "/".join(kept) + closed
    return path.lstrip("/")


def normal_forms(path: str) -> list[str]:
    """Return the path in the Unicode normal forms that it is not in itself."""
    if path.isascii():
        return []
    # Linux and Windows keep names as they are typed, Macs copy them decomposed; a folder may have
    # been made on the one and filled on the other
    parts = [_forms_of(part) for part in path.split("/")]
    if prod(map(len, parts)) > _MOST_FORMS:
        parts = [_forms_of(path)]
    forms = map("/".join, product(*parts))
    return [form for form in dict.fromkeys(forms) if form != path]


def _forms_of(text: str) -> list[str]:
    return list(dict.fromkeys(unicodedata.normalize(form, text) for form in ("NFC", "NFD")))


def spellings(path: str) -> dict[str, str]:
    """Return other spellings of a path, each with how it differs."""
    ways: dict[str, str] = {}
    for how, respell in _WAYS:
        for found in respell(path):
            if found != path:
                ways.setdefault(found, f"by {how}")
    for found, how in _all_at_once(path):
        ways.setdefault(found, f"by {how}")
    return ways


def _all_at_once(path: str) -> Iterator[tuple[str, str]]:
    """Yield what several tools made of one name, one after the other."""
    done: list[str] = []
    for how, respell in _CODES:
        (found,) = respell(path)
        if found != path:
            path = found
            done.append(how)
    if len(done) > 1:
        yield path, " and ".join(done)
    if done:
        for form in normal_forms(path):
            yield form, " and ".join([*done, _FORM])


def _endings(path: str) -> list[str]:
    stem, dot, ending = path.rpartition(".")
    return [f"{stem}.{ending.lower()}", f"{stem}.{ending.upper()}"] if dot else []


_FORM = "Unicode normal form"
_Ways = tuple[tuple[str, Callable[[str], list[str]]], ...]
_CODES: _Ways = (
    ("%-encoding", lambda path: [unquote(path)]),
    ("backslashes", lambda path: [plain_path(path.replace("\\", "/"))]),
)
_WAYS: _Ways = (
    (_FORM, normal_forms),
    *_CODES,
    ("%-encoding twice", lambda path: [unquote(unquote(path))]),
    ("+ for blanks", lambda path: [path.replace("+", " ")]),
    ("the letter case of its ending", _endings),
)
