"""Which pictures are near-copies, by their likenesses (`tagline.imaging.likeness`).

Standard library alone, so that whoever reads verdicts.jsonl can ask it.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

BANDS = 6  # rows of a likeness: what lies close together in a picture goes to different ones
SHAPE, COLOURS = 10, 16  # hexadecimal digits of a band for the shape, then for the colours
HEX_DIGITS = BANDS * (SHAPE + COLOURS)
FARTHEST = 8  # bits in which near-copies differ at most; or else, of one drawing in two shades:
SHAPE_FARTHEST = 5  # of the shape
SHADES = 32  # of the colours, all of which have become lighter, or all darker,
OPPOSED = 1  # but for so many
_OF_SHAPE = int(("f" * SHAPE + "0" * COLOURS) * BANDS, 16)
NEIGHBOURS = 32  # of a picture within a band, in order: the search stays short of quadratic


def near_copies(likenesses: Mapping[int, str]) -> dict[int, int]:
    """Return by key the least key of its group, of the pictures that have a near-copy at all.

    Near-copies of near-copies are in one group. Found are all pairs that `are_near`, unless more
    than 32 likenesses share a band: then those that are close in order.
    """
    same: dict[str, list[int]] = {}
    for key in sorted(likenesses):
        same.setdefault(likenesses[key], []).append(key)
    groups = Groups()
    for keys in same.values():
        for other in keys[1:]:
            groups.join(keys[0], other)
    for one, two in _close(list(same)):
        groups.join(same[one][0], same[two][0])
    firsts = {key: groups.first(key) for key in likenesses}
    several = {first for key, first in firsts.items() if key != first}
    return {key: first for key, first in sorted(firsts.items()) if first in several}


def near_to(known: Iterable[str], likenesses: Mapping[int, str]) -> set[int]:
    """Return the keys of the pictures that are, or are near-copies of, one that is known.

    Of those that are known only what shares a band with one that is asked about is held.
    """
    rest: dict[str, list[int]] = {}
    for key, likeness in likenesses.items():
        rest.setdefault(likeness, []).append(key)
    bands = {band for likeness in rest for band in _bands(likeness)}
    close = {likeness for likeness in known if not bands.isdisjoint(_bands(likeness))}
    found = {key for likeness in close & rest.keys() for key in rest.pop(likeness)}
    if close and rest:
        for pair in _close([*close, *rest]):
            for one, two in (pair, pair[::-1]):
                if one in close and two in rest:
                    found.update(rest[two])
    return found


def _bands(likeness: str) -> Iterator[tuple[int, str]]:
    """Yield the 12 bands, of which near-copies have one at least in common."""
    row = SHAPE + COLOURS
    for start in range(0, BANDS * row, row):
        yield start, likeness[start : start + SHAPE]
        yield start + SHAPE, likeness[start + SHAPE : start + row]


def are_near(one: int, two: int) -> bool:
    """Return whether two likenesses, read as numbers, are those of near-copies."""
    apart = one ^ two
    count = apart.bit_count()
    if count <= FARTHEST:
        return True
    shape = (apart & _OF_SHAPE).bit_count()
    if shape > SHAPE_FARTHEST or count - shape > SHADES:
        return False
    lighter = (two & apart & ~_OF_SHAPE).bit_count()
    return min(lighter, count - shape - lighter) <= OPPOSED


def _close(likenesses: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of different likenesses that near-copies have.

    Of 12 bands they have one at least in common, and in two shades one of the 6 of the shape.
    """
    numbers = {likeness: int(likeness, 16) for likeness in likenesses}
    row = SHAPE + COLOURS
    for start, stop in ((0, SHAPE), (SHAPE, row)):
        width = stop - start
        kinds = {
            likeness: "".join(
                likeness[at + start : at + stop] for at in range(0, len(likeness), row)
            )
            for likeness in likenesses
        }
        for band in range(0, width * BANDS, width):
            turned = sorted((kinds[it][band:] + kinds[it][:band], it) for it in likenesses)
            for _, sharing in groupby(turned, key=lambda pair: pair[0][:width]):
                found = [likeness for _, likeness in sharing]
                for at, one in enumerate(found):
                    for two in found[at + 1 : at + 1 + NEIGHBOURS]:
                        if are_near(numbers[one], numbers[two]):
                            yield one, two


class Groups:
    """Keys joined into groups, each named after its least key."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def first(self, key: int) -> int:
        """Return the least key of a key's group."""
        top = key
        while top in self._above:
            top = self._above[top]
        while key != top:
            self._above[key], key = top, self._above[key]
        return top

    def join(self, one: int, two: int) -> None:
        """Make one group of two."""
        least, other = sorted((self.first(one), self.first(two)))
        if least != other:
            self._above[other] = least
