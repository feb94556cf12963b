"""The icons that the starter is trained on: drawings and the words of their names.

Each package `@iconify-json/<set>` holds one set: icons.json (drawings by name) and info.json
(licence, author). Only licences that let anybody do anything are taken.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

LICENCES = ("Apache-2.0", "CC0-1.0", "ISC", "MIT")
_BOX = {"left": 0, "top": 0, "width": 16, "height": 16}  # Iconify's defaults
RARE = 20  # names below which a word is no label
_NAMES = json.loads((Path(__file__).parent / "names.json").read_text())
# what tells two renderings of one drawing apart, and nothing about what it shows
_STYLE = frozenset(_NAMES["style"].split())
# somebody's mark, not a thing; the sets of logos and flags are left out whole
_MARKS = frozenset(_NAMES["marks"].split())


class UnusableSet(Exception):
    """A package is not what its set should be; the message says which and why."""


@dataclass(frozen=True)
class IconSet:
    """Whose icons they are and under which licence (an SPDX identifier)."""

    name: str
    title: str
    version: str
    licence: str
    author: str
    url: str


class Drawing(NamedTuple):
    """An icon's inner SVG, and the box of it that is seen: left, top, width, height."""

    body: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Icon:
    """One thing drawn, in one or more ways, and the words of its name."""

    set: str
    words: frozenset[str]
    drawings: tuple[Drawing, ...]


def read_sets(modules: Path) -> list[IconSet]:
    """Return the sets under node_modules, by name; raises UnusableSet for another licence."""
    found = []
    for folder in sorted((modules / "@iconify-json").iterdir()):
        info = json.loads((folder / "info.json").read_text())
        licence = info["license"].get("spdx") or info["license"].get("title")
        if licence not in LICENCES:
            raise UnusableSet(f"{folder.name} is under {licence}, not one of {', '.join(LICENCES)}")
        version = json.loads((folder / "package.json").read_text())["version"]
        author = info["author"]
        found.append(
            IconSet(
                folder.name, info["name"], version, licence, author["name"], author.get("url", "")
            )
        )
    return found


def read_icons(modules: Path, sets: Iterable[IconSet]) -> list[Icon]:
    """Return what the sets draw; drawings whose names differ in size or style are one icon."""
    icons = []
    for each in sets:
        content = json.loads((modules / "@iconify-json" / each.name / "icons.json").read_text())
        same: dict[tuple[str, ...], list[Drawing]] = defaultdict(list)
        for name, icon in content["icons"].items():
            words = tuple(word for word in name.split("-") if _tells(word))
            if words and not icon.get("hidden") and not _MARKS.intersection(words):
                seen = _BOX | {key: content[key] for key in _BOX if key in content}
                left, top, width, height = (icon.get(key, seen[key]) for key in _BOX)
                same[words].append(Drawing(icon["body"], (left, top, width, height)))
        for words, drawings in sorted(same.items()):
            icons.append(Icon(each.name, frozenset(words), tuple(drawings)))
    return icons


def labels_of(icons: Iterable[Icon]) -> list[str]:
    """Return the words that occur in RARE names or more, sorted."""
    counts = Counter(word for icon in icons for word in icon.words)
    return sorted(word for word, count in counts.items() if count >= RARE and len(word) > 1)


def _tells(word: str) -> bool:
    return bool(word) and word not in _STYLE and not word.isdigit()
