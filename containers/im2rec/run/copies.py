"""Which of a run's pictures are near-copies: `tagline.formats.near_copies`, by whole columns.

The same pairs and groups, for as many pictures as a list may have: 80 bytes each, and a few times
that while they are compared.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tagline.formats.near_copies import (
    BANDS,
    COLOURS,
    FARTHEST,
    HEX_DIGITS,
    NEIGHBOURS,
    OPPOSED,
    SHADES,
    SHAPE,
    SHAPE_FARTHEST,
)

BYTES = HEX_DIGITS // 2  # of a likeness
_SHAPE, _COLOURS = SHAPE // 2, COLOURS // 2  # bytes of a band
_WORDS = -(-BANDS * _SHAPE // 8)  # of the shape, filled up with zeros; the colours' follow
_PAIRS = 1 << 16  # that are compared at a time
Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


class Likenesses:
    """Likenesses of pictures, n of them, as numbers that can be compared.

    `words` (n, 10) uint64: the shape of all bands, then the colours.
    """

    def __init__(self, likenesses: Bytes) -> None:
        """Take in likenesses (n, BYTES), as their hexadecimal digits say."""
        bands = likenesses.reshape(-1, BANDS, _SHAPE + _COLOURS)
        shapes = bands[:, :, :_SHAPE].reshape(-1, BANDS * _SHAPE)
        filling = np.zeros((len(bands), 8 * _WORDS - shapes.shape[1]), np.uint8)
        colours = bands[:, :, _SHAPE:].reshape(-1, BANDS * _COLOURS)
        self.words = np.ascontiguousarray(np.hstack([shapes, filling, colours])).view(np.uint64)

    def __len__(self) -> int:
        return len(self.words)

    def kind(self, *, colours: bool) -> Bytes:
        """Return the shapes (n, BANDS, 5), or the colours (n, BANDS, 8)."""
        if colours:
            return self.words[:, _WORDS:].view(np.uint8).reshape(-1, BANDS, _COLOURS)
        shapes = self.words[:, :_WORDS].view(np.uint8)[:, : BANDS * _SHAPE]
        return shapes.reshape(-1, BANDS, _SHAPE)

    def take(self, places: Places) -> "Likenesses":
        """Return some of them."""
        found = object.__new__(Likenesses)
        found.words = self.words[places]
        return found


def group(likenesses: Likenesses) -> Places:
    """Return by place (n,) the place that names its group, the same for all of a group.

    A picture without near-copies is a group of its own.
    """
    if not len(likenesses):
        return np.empty(0, np.int64)
    names, firsts = _equal(likenesses)
    different = likenesses.take(firsts)
    groups = _Groups(len(firsts))
    for colours in (False, True):
        for band in range(BANDS):
            for one, two in _sharing(different, band, colours=colours):
                near = _are_near(different.words[one], different.words[two])
                groups.join(one[near], two[near])
    return firsts[groups.names(np.arange(len(firsts)))][names]


def _equal(likenesses: Likenesses) -> tuple[Places, Places]:
    """Return which different one each is (n,), and the first place of each different one."""
    keys = likenesses.words.view(f"S{likenesses.words.shape[1] * 8}").ravel()
    order = np.argsort(keys, kind="stable")
    new = np.ones(len(order), np.bool_)
    new[1:] = (likenesses.words[order[1:]] != likenesses.words[order[:-1]]).any(axis=1)
    names = np.empty(len(order), np.int64)
    names[order] = np.cumsum(new) - 1
    return names, order[new]


def _sharing(
    likenesses: Likenesses, band: int, *, colours: bool
) -> Iterator[tuple[Places, Places]]:
    """Yield pairs of places that share a band: all, or of more than 32 those close in order."""
    kind = likenesses.kind(colours=colours)
    value = np.zeros((len(kind), 8), np.uint8)
    value[:, 8 - kind.shape[2] :] = kind[:, band]
    values = value.view(">u8").ravel().astype(np.uint64)
    order = np.argsort(values, kind="stable")
    begins = np.flatnonzero(np.diff(values[order], prepend=~values[order[:1]]))
    sizes = np.diff(begins, append=len(order))
    kept = sizes > 1
    order, sizes = order[np.repeat(kept, sizes)], sizes[kept]
    large = np.repeat(sizes > NEIGHBOURS + 1, sizes)
    order[large] = _in_order(likenesses, order[large], band, colours=colours)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    for apart in range(1, NEIGHBOURS + 1):
        together = np.flatnonzero(groups[:-apart] == groups[apart:])
        if not len(together):
            return
        for start in range(0, len(together), _PAIRS):
            some = together[start : start + _PAIRS]
            yield order[some], order[some + apart]


def _in_order(likenesses: Likenesses, places: Places, band: int, *, colours: bool) -> Places:
    """Return places in the order of their likenesses as they are read from a band on."""
    some = likenesses.take(places)
    turned = np.roll(some.kind(colours=colours), -band, axis=1)
    rest = some.kind(colours=not colours)
    flat = [bands.reshape(len(places), BANDS * bands.shape[2]) for bands in (turned, rest)]
    keys = np.ascontiguousarray(np.hstack(flat)).view(f"S{BYTES}").ravel()
    return places[np.argsort(keys, kind="stable")]


def _are_near(one: NDArray[np.uint64], two: NDArray[np.uint64]) -> NDArray[np.bool_]:
    apart = one ^ two
    shape = np.bitwise_count(apart[:, :_WORDS]).sum(axis=1, dtype=np.int64)
    coloured = np.bitwise_count(apart[:, _WORDS:]).sum(axis=1, dtype=np.int64)
    lighter = np.bitwise_count(two[:, _WORDS:] & apart[:, _WORDS:]).sum(axis=1, dtype=np.int64)
    shades = (shape <= SHAPE_FARTHEST) & (coloured <= SHADES)
    opposed = np.minimum(lighter, coloured - lighter)
    near: NDArray[np.bool_] = (shape + coloured <= FARTHEST) | shades & (opposed <= OPPOSED)
    return near


class _Groups:
    """Places joined into groups."""

    def __init__(self, count: int) -> None:
        self._above = np.arange(count)

    def names(self, places: Places) -> Places:
        """Return what names the group of each."""
        found = self._above[places]
        while not np.array_equal(found, above := self._above[found]):
            found = above
        self._above[places] = found
        return found

    def join(self, ones: Places, twos: Places) -> None:
        """Make one group of each pair's two."""
        ones, twos = self.names(ones), self.names(twos)
        pairs = np.unique(np.stack([ones, twos], axis=1)[ones != twos], axis=0)
        for one, two in pairs.tolist():
            least, other = sorted((self._name(one), self._name(two)))
            self._above[other] = least

    def _name(self, place: int) -> int:
        while (above := int(self._above[place])) != place:
            place = above
        return place
