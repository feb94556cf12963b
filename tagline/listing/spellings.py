"""Other spellings of a path: what the tools that write lists, or copy files, make of a name."""

import unicodedata
from collections.abc import Callable
from urllib.parse import unquote


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
    # Linux and Windows keep names as they are typed, Macs copy them decomposed
    forms = (unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path))
    return [form for form in dict.fromkeys(forms) if form != path]


def spellings(path: str) -> dict[str, str]:
    """Return other spellings of a path, each with how it differs."""
    ways: dict[str, str] = {}
    for how, respell in _WAYS:
        for found in respell(path):
            if found != path:
                ways.setdefault(found, how)
    return ways


def _endings(path: str) -> list[str]:
    stem, dot, ending = path.rpartition(".")
    return [f"{stem}.{ending.lower()}", f"{stem}.{ending.upper()}"] if dot else []


_WAYS: tuple[tuple[str, Callable[[str], list[str]]], ...] = (
    ("by Unicode normal form", normal_forms),
    ("by backslashes", lambda path: [plain_path(path.replace("\\", "/"))]),
    ("by %-encoding", lambda path: [unquote(path)]),
    ("by + for blanks", lambda path: [path.replace("+", " ")]),
    ("by the letter case of its ending", _endings),
)
