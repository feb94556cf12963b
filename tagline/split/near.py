"""Near-copies come to lie on one side of the split (docs/decisions/029).

Sides are decided by content before anybody has seen a picture; which pictures are near-copies is
known once all are packed. Then each group of near-copies is taken for one content:

- One with members that earlier runs packed, in these files or in others, lies where the most
  exposed of them lies: in training before validation before test. So nothing that a model was
  trained on leaves training, and nothing that an epoch was chosen by becomes a test image.
- A new one lies where its first image in packing order was planned, and is balanced over labels
  with the other new contents; one that would fill half of a held side, or is most of what there is
  of a label, is trained on: hardly anything of that label would be left to learn from.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple, Protocol, overload

from tagline.formats.near_copies import Groups
from tagline.formats.rows import Side
from tagline.formats.split import Shares
from tagline.split.sides import Sides, balance, merged

_ALWAYS = 4  # images of a new group that may be on any side, however few images there are
_CHUNK = 1 << 13  # images whose labels are counted at a time
_EXPOSURE = list(Side)  # the most exposed first


class Balancing(Protocol):
    """A way to put contents on sides near where they are wanted, such as `balance`."""

    def __call__(
        self, labels: Mapping[int, bytes], wanted: Sides, shares: Shares, *, free: AbstractSet[int]
    ) -> dict[int, Side]:
        """Return the side of each content."""


class Image(NamedTuple):
    """An accepted row's image: its content's hash, and the side that it lies on.

    `exposed` is where an earlier run packed it, or a near-copy of it; None if none did.
    """

    line: int
    content: int
    labels: bytes
    side: Side
    exposed: Side | None


def put_together(
    images: Sequence[Image],
    copies: Mapping[int, int],
    shares: Shares,
    balancing: Balancing = balance,
) -> dict[int, Side]:
    """Return the new sides, by line, of the images that have to change sides; none if all is well.

    `images` come in packing order, and are asked for again and again: they need not be held as
    they are. `copies` tells each near-copy's line the first line of its group
    (`tagline.formats.near_copies`). `balancing` puts what is new on sides. Training and
    validation keep an image whatever happens.
    """
    units = _units(images, copies)
    if units.are_well or len(units) < 2:  # noqa: PLR2004 - one picture: no split keeps it on one side
        return {}
    most = max(_ALWAYS, len(images) * min(share for share in shares if share) / 2)
    learned = _learned(images, units.several, most)
    wanted, free = _Elsewhere(), set()
    for name, unit in units.all():
        side = _wanted(unit, trained=name in learned)
        if side is not Side.TRAIN:
            wanted[name] = side
        if name not in learned and not any(image.exposed for image in unit):
            free.add(name)
    sides = balancing(_Labels(units), wanted, shares, free=free)
    return {
        image.line: sides[name]
        for name, unit in units.all()
        for image in unit
        if image.side is not sides[name]
    }


class _Unit(Sequence[Image]):
    """Images that are taken for one content, by their places: a unit may be most of a list."""

    def __init__(self, images: Sequence[Image]) -> None:
        self._images = images
        self.places = array("q")

    @overload
    def __getitem__(self, at: int) -> Image: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Image]: ...

    def __getitem__(self, at: int | slice) -> Image | Sequence[Image]:
        if isinstance(at, slice):
            return [self._images[place] for place in self.places[at]]
        return self._images[self.places[at]]

    def __len__(self) -> int:
        return len(self.places)


class _Elsewhere(dict[int, Side]):
    """Sides by content, of those that are not wanted in training."""

    def __missing__(self, content: int) -> Side:
        return Side.TRAIN


@dataclass(frozen=True)
class _Units:
    """What is taken for one content; each is named by its first image's, which no other one has.

    `first` tells the place of it among the images, `several` the units of more than one image.
    """

    images: Sequence[Image]
    first: Mapping[int, int]
    several: Mapping[int, Sequence[Image]]
    are_well: bool

    def __len__(self) -> int:
        return len(self.first)

    def all(self) -> Iterator[tuple[int, Sequence[Image]]]:
        """Yield each unit with its name."""
        for name, at in self.first.items():
            yield name, self.several.get(name) or (self.images[at],)


def _units(images: Sequence[Image], copies: Mapping[int, int]) -> _Units:
    """Return the units: near-copies and equal contents are in one."""
    groups = Groups()  # of places
    first: dict[int, int] = {}
    leading: dict[int, int] = {}
    joined: set[int] = set()
    misplaced: list[int] = []
    for at, image in enumerate(images):
        others = [first.setdefault(image.content, at)]
        if image.line in copies:
            others.append(leading.setdefault(copies[image.line], at))
        for other in others:
            if other != at:
                groups.join(other, at)
                joined |= {other, at}
        if image.exposed not in (None, image.side):
            misplaced.append(at)
    members: dict[int, _Unit] = {}
    for at in sorted(joined):
        members.setdefault(groups.first(at), _Unit(images)).places.append(at)
    several = {unit[0].content: unit for unit in members.values()}
    for name, unit in several.items():
        for content in {image.content for image in unit} - {name}:
            del first[content]
    well = joined.issuperset(misplaced) and all(map(_is_well, several.values()))
    return _Units(images, first, several, well)


class _Labels(Mapping[int, bytes]):
    """The labels that any image of a unit has, by its name."""

    def __init__(self, units: _Units) -> None:
        self._units = units
        self._merged = merged(
            (name for name, unit in units.several.items() for _ in range(len(unit))),
            (image.labels for unit in units.several.values() for image in unit),
        )

    def __getitem__(self, name: int) -> bytes:
        found = self._merged.get(name)
        return self._units.images[self._units.first[name]].labels if found is None else found

    def __iter__(self) -> Iterator[int]:
        return iter(self._units.first)

    def __len__(self) -> int:
        return len(self._units)


def most_exposed(sides: Iterable[Side]) -> Side:
    """Return the side among these that has told most of a model: training, validation, test."""
    return min(sides, key=_EXPOSURE.index)


def _is_well(unit: Sequence[Image]) -> bool:
    sides = {image.side for image in unit}
    before = [image.exposed for image in unit if image.exposed]
    return len(sides) == 1 and (not before or most_exposed(before) in sides)


def _learned(
    images: Sequence[Image], units: Mapping[int, Sequence[Image]], most: float
) -> set[int]:
    """Return the units that are trained on, should they be new: too large to be held."""
    large = {name: unit for name, unit in units.items() if len(unit) > _ALWAYS}
    if not large:
        return set()
    counts = {name: Counter(_labels(unit)) for name, unit in large.items()}
    wanted = sorted({label for found in counts.values() for label in found})
    totals: Counter[int] = Counter()
    for start in range(0, len(images), _CHUNK):
        chunk = images[start : start + _CHUNK]
        text = b"".join(image.labels for image in chunk)
        for label in wanted:
            totals[label] += text[label :: len(chunk[0].labels)].count(b"1")
    return {
        name
        for name, unit in large.items()
        if len(unit) > most
        or any(2 * count > totals[label] for label, count in counts[name].items())
    }


def _labels(unit: Sequence[Image]) -> Iterator[int]:
    for image in unit:
        yield from (label for label, mark in enumerate(image.labels) if mark == ord("1"))


def _wanted(unit: Sequence[Image], *, trained: bool) -> Side:
    if before := [image.exposed for image in unit if image.exposed]:
        return most_exposed(before)
    return Side.TRAIN if trained else unit[0].side
