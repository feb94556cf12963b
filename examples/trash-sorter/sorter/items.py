"""What lies on the belt, by items.tsv, and which of it is held out."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parents[1] / "items.tsv"
FOLDS = 4


@dataclass(frozen=True)
class Item:
    """An emoji: its class, the family of look-alikes that it belongs to, its code point in hex."""

    label: str
    family: str
    code: str


def read_items(table: Path = TABLE) -> list[Item]:
    """Return all items, in the table's order."""
    with table.open(newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t")
        return [Item(row["class"], row["family"], row["code point"]) for row in rows]


def held_out(items: Sequence[Item], fold: int, *, families: bool = False) -> list[Item]:
    """Return the items of a fold, 0 to FOLDS - 1, in which no others are.

    Others of their families are in other folds; with `families` all of a family are in one, so that
    what is held out has no look-alike: a class's families are dealt out largest first to the fold
    that has the fewest of its items.
    """
    if not families:
        return [item for number, item in enumerate(items) if number % FOLDS == fold]
    taken: list[Item] = []
    for label in dict.fromkeys(item.label for item in items):
        members: dict[str, list[Item]] = {}
        for item in items:
            if item.label == label:
                members.setdefault(item.family, []).append(item)
        counts = [0] * FOLDS
        for family in sorted(members.values(), key=len, reverse=True):
            least = counts.index(min(counts))
            counts[least] += len(family)
            if least == fold:
                taken += family
    return taken
