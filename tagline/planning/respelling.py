"""Objects that a list meant: found under another spelling of the path, or named in the verdict."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from tagline.formats.locations import Location, fault_of_key
from tagline.formats.spellings import normal_forms, spellings
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.planning.inventory import Found, Unlistable

MOST_HINTS = 1000  # rows that are told what exists instead; every hint may cost a call
There = Mapping[tuple[str, str], Found | Unlistable]


class Meant(NamedTuple):
    """What a missing row's path means: an object and its key, or words on what exists instead."""

    key: str = ""
    found: Found | None = None
    detail: str = ""


def find_meant(
    missing: Sequence[Row],
    find: Callable[[Collection[Location]], There],
    source: Source,
    hints: int = MOST_HINTS,
) -> dict[int, Meant]:
    """Return by line what rows meant whose object is missing; nothing for those that mean nothing.

    A key just as the list has it, `./` and all, or in another Unicode normal form is the object
    itself, where there is but one. Whatever else people's tools make of a name is a guess: named
    in the detail, never followed; the first `hints` rows are told of guesses.
    """
    sure = {row.line: _sure(row, source) for row in missing}
    guesses = {row.line: _guesses(row) for row in missing[:hints]}
    wanted = {
        Location(row.bucket, key)
        for row in missing
        for key in (*sure[row.line], *guesses.get(row.line, ()))
        if fault_of_key(key) is None
    }
    there = find(wanted) if wanted else {}
    meant: dict[int, Meant] = {}
    for row in missing:
        exist = [
            Meant(key, found)
            for key in sure[row.line]
            if isinstance(found := there.get((row.bucket, key)), Found)
        ]
        instead = [
            f"the key {key}, which differs {how}, exists"
            for key, how in guesses.get(row.line, {}).items()
            if isinstance(there.get((row.bucket, key)), Found)
        ]
        if len(exist) == 1 or (exist and exist[0].key == source.literal(row.path)):
            meant[row.line] = exist[0]
        elif instead:
            meant[row.line] = Meant(detail="; ".join(instead[:2]))
    return meant


def _sure(row: Row, source: Source) -> list[str]:
    literal = source.literal(row.path)
    return ([] if literal == row.key else [literal]) + normal_forms(row.key)


def _guesses(row: Row) -> dict[str, str]:
    return {key: how for key, how in spellings(row.key).items() if not key.endswith("/")}
