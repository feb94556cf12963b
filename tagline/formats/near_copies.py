"""Which pictures are near-copies, by their likenesses (`tagline.imaging.likeness`).

Standard library alone, so that whoever reads verdicts.jsonl can ask it.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby

FARTHEST = 5  # bits in which near-copies differ at most
BANDS = FARTHEST + 1  # so that near-copies have one band at least in common
HEX_DIGITS = BANDS * 26
_NEIGHBOURS = 64  # of a picture within a band, in order: the search stays short of quadratic


def near_copies(likenesses: Mapping[int, str]) -> dict[int, int]:
    """Return by key the least key of its group, of the pictures that have a near-copy at all.

    Near-copies of near-copies are in one group. Found are all pairs of up to 5 bits' distance,
    unless more than 64 likenesses share a band: then those that are close in order.
    """
    same: dict[str, list[int]] = {}
    for key in sorted(likenesses):
        same.setdefault(likenesses[key], []).append(key)
    groups = _Groups()
    for keys in same.values():
        for other in keys[1:]:
            groups.join(keys[0], other)
    for one, two in _close(list(same)):
        groups.join(same[one][0], same[two][0])
    firsts = {key: groups.first(key) for key in likenesses}
    several = {first for key, first in firsts.items() if key != first}
    return {key: first for key, first in sorted(firsts.items()) if first in several}


def _close(likenesses: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of different likenesses that near-copies have."""
    width = HEX_DIGITS // BANDS
    for start in range(0, HEX_DIGITS, width):
        band = slice(start, start + width)
        likenesses.sort(key=lambda likeness: (likeness[band], likeness))
        for _, sharing in groupby(likenesses, key=lambda likeness: likeness[band]):
            bits = [(likeness, int(likeness, 16)) for likeness in sharing]
            for at, (one, bits_of_one) in enumerate(bits):
                for two, bits_of_two in bits[at + 1 : at + 1 + _NEIGHBOURS]:
                    if (bits_of_one ^ bits_of_two).bit_count() <= FARTHEST:
                        yield one, two


class _Groups:
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
