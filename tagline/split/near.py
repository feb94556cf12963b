"""Near-copies come to lie on one side of the split (docs/decisions/029).

Sides are decided by content before anybody has seen a picture; which pictures are near-copies is
known once all are packed. Then each group of near-copies is taken for one content:

- One with members that earlier runs packed, in these files or in others, lies where the most
  exposed of them lies: in training before validation before test. So nothing that a model was
  trained on leaves training, and nothing that an epoch was chosen by becomes a test image.
- A new one lies where its first image in packing order was planned, and is balanced over labels
  with the other new contents; one that would fill half of a held side is trained on.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tagline.formats.near_copies import Groups
from tagline.formats.rows import Side
from tagline.formats.split import Shares
from tagline.split.sides import balance, merged

_ALWAYS = 4  # images of a new group that may be on any side, however few images there are
_EXPOSURE = list(Side)  # the most exposed first


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
    images: Sequence[Image], copies: Mapping[int, int], shares: Shares
) -> dict[int, Side]:
    """Return the new sides, by line, of the images that have to change sides; none if all is well.

    `images` come in packing order; `copies` tells each near-copy's line the first line of its
    group (`tagline.formats.near_copies`). Training and validation keep an image whatever happens.
    """
    unit_of = _units(images, copies)
    members: dict[int, list[Image]] = {}
    for image in images:
        members.setdefault(unit_of[image.line], []).append(image)
    if all(_is_well(unit) for unit in members.values()):
        return {}
    # a unit is named by the content of its first image, which no other unit has
    units = {unit[0].content: unit for unit in members.values()}
    if len(units) < 2:  # noqa: PLR2004 - all images are one picture: no split keeps it on one side
        return {}
    most = max(_ALWAYS, len(images) * min(share for share in shares if share) / 2)
    wanted = {name: _wanted(unit, most) for name, unit in units.items()}
    free = {
        name
        for name, unit in units.items()
        if len(unit) <= most and not any(image.exposed for image in unit)
    }
    labels = merged(
        [name for name, unit in units.items() for _ in unit],
        [image.labels for unit in units.values() for image in unit],
    )
    sides = balance(labels, wanted, shares, free=free)
    return {
        image.line: sides[name]
        for name, unit in units.items()
        for image in unit
        if image.side is not sides[name]
    }


def _units(images: Iterable[Image], copies: Mapping[int, int]) -> dict[int, int]:
    """Return by line what names its unit: near-copies and equal contents are in one."""
    groups = Groups()
    first: dict[int, int] = {}
    for image in images:
        groups.join(copies.get(image.line, image.line), image.line)
        groups.join(first.setdefault(image.content, image.line), image.line)
    return {image.line: groups.first(image.line) for image in images}


def most_exposed(sides: Iterable[Side]) -> Side:
    """Return the side among these that has told most of a model: training, validation, test."""
    return min(sides, key=_EXPOSURE.index)


def _is_well(unit: Sequence[Image]) -> bool:
    sides = {image.side for image in unit}
    before = [image.exposed for image in unit if image.exposed]
    return len(sides) == 1 and (not before or most_exposed(before) in sides)


def _wanted(unit: Sequence[Image], most: float) -> Side:
    if before := [image.exposed for image in unit if image.exposed]:
        return most_exposed(before)
    return unit[0].side if len(unit) <= most else Side.TRAIN
