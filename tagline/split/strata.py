"""Sides of images that have exactly one label: each label keeps its shares, to an image.

Beside the rules of `tagline.split.sides`, of which the first three hold here, too:

- Of a label on three contents or more, one at least is on each side.
- Of two, one is trained on and one validates; a single one is trained on.
- A label on n contents has n times a side's share of them there, rounded up or down as brings all
  labels together nearest to the share. Decided sides stay, and near-copies move as one.

A content whose rows say several labels counts as of a label of its own.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from tagline.formats.rows import Side
from tagline.formats.split import Shares
from tagline.split.sides import Sides, before_balance, merged

_SMALL = 3  # contents of a label, one for each side
_DIGITS = 9  # 0.1 + 0.2 of ten are three


def assign_strata(
    hashes: Sequence[int], labels: Sequence[bytes], shares: Shares, earlier: Sides
) -> dict[int, Side]:
    """Return each content hash's side, as `assign_sides` does; raises CannotSplit."""
    found = merged(hashes, labels)
    wanted, free, carved = before_balance(found, shares, earlier)
    return stratify(found, wanted, shares, free=free, carved=carved)


def stratify(
    labels: Mapping[int, bytes],
    wanted: Sides,
    shares: Shares,
    *,
    free: AbstractSet[int],
    carved: AbstractSet[int] = frozenset(),
) -> dict[int, Side]:
    """Return the sides that contents, named by their hashes, are wanted on, or near them.

    Each label has its shares.

    Only contents in `free` move, and those in `carved` between validation and test; another one
    where training or validation would be empty.
    """
    strata: dict[bytes, list[int]] = {}
    for at in sorted(labels):
        strata.setdefault(labels[at], []).append(at)
    groups = [strata[name] for name in sorted(strata)]
    held = _taken(
        [
            _Part(
                among=group,
                inside={at for at in group if at not in free and wanted[at] is not Side.TRAIN},
                movable={at for at in group if at in free},
                share=len(group) * shares.held,
                bounds=held_bounds(len(group), shares),
            )
            for group in groups
        ],
        lambda at: wanted[at] is Side.TRAIN,
    )
    held = _some(held, labels.keys(), free)
    test: set[int] = set()
    if shares.test:
        movable = free | carved
        test = _taken(
            [
                _Part(
                    among=[at for at in group if at in held],
                    inside={at for at in group if at not in free and wanted[at] is Side.TEST},
                    movable={at for at in group if at in held and at in movable},
                    share=len(group) * shares.test,
                    bounds=tested_bounds(len(group), sum(at in held for at in group), shares),
                )
                for group in groups
            ],
            lambda at: wanted[at] is not Side.TEST,
        )
        test = test if held - test else test - {min(held)}  # one at least chooses the epoch
    return {
        at: Side.TEST if at in test else Side.VALIDATION if at in held else Side.TRAIN
        for at in labels
    }


@dataclass(frozen=True)
class _Part:
    """The contents of a label, in the order of their hashes, some of which are to be taken.

    Those `inside` are taken already, unless they are `movable`; `share` is how many there would be
    if contents could be divided, and `bounds` are the fewest and the most.
    """

    among: Sequence[int]
    inside: AbstractSet[int]
    movable: AbstractSet[int]
    share: float
    bounds: tuple[int, int]

    @property
    def quota(self) -> "Quota":
        """What it comes to in numbers."""
        fixed = len(self.inside - self.movable)
        return Quota(fixed, len(self.movable), self.share, self.bounds)


class Quota(NamedTuple):
    """Of a label: contents that are taken whatever happens, and those that may be.

    `share` is how many would be taken if contents could be divided; `bounds` as far as they may
    move.
    """

    fixed: int
    movable: int
    share: float
    bounds: tuple[int, int]


def shared_out(quotas: Sequence[Quota]) -> list[int]:
    """Return how many are taken of each: as its bounds allow, and of all their share."""
    able = [
        tuple(min(max(bound, it.fixed), it.fixed + it.movable) for bound in it.bounds)
        for it in quotas
    ]
    counts = [fewest for fewest, _ in able]
    missing = round(sum(it.share for it in quotas)) - sum(counts)
    order = sorted(range(len(quotas)), key=lambda it: counts[it] - quotas[it].share)
    for it in order:
        if missing > 0 and counts[it] < able[it][1]:
            counts[it] += 1
            missing -= 1
    return counts


def _taken(parts: Sequence[_Part], reluctant: Callable[[int], bool]) -> set[int]:
    """Return the contents that are taken: of each label as its bounds allow, of all their share.

    Those that are not `reluctant` come first, and of them the lowest hashes.
    """
    counts = shared_out([part.quota for part in parts])
    taken: set[int] = set()
    for part, count in zip(parts, counts, strict=True):
        fixed = part.inside - part.movable
        first = sorted((at for at in part.among if at in part.movable), key=reluctant)
        taken.update(fixed, first[: count - len(fixed)])
    return taken


def _some(held: set[int], everything: AbstractSet[int], free: AbstractSet[int]) -> set[int]:
    """Return what is held with one more where that is nothing, and one less where it is all."""
    if held and everything - held:
        return held
    return held ^ {min(everything, key=lambda at: (at not in free, at))}


def held_bounds(count: int, shares: Shares) -> tuple[int, int]:
    """Return the fewest and the most of a label's `count` contents that are kept from training."""
    if count < _SMALL:
        return count - 1, count - 1
    low, high = _rounded(count * shares.held)
    low = min(max(low, 2 if shares.test else 1), count - 1)
    return low, max(min(high, count - 1), low)


def tested_bounds(count: int, held: int, shares: Shares) -> tuple[int, int]:
    """Return the bounds of test images of a label by which validation is within an image, too."""
    if held < 2:  # noqa: PLR2004 - one chooses the epoch
        return 0, 0
    share = count * shares.test
    over = held - count * shares.held
    low, high = _rounded(share)
    low = max(low, _up(share + over - 1), 1)
    high = min(high, _down(share + over + 1), held - 1)
    return min(low, held - 1), max(high, min(low, held - 1))


def _rounded(share: float) -> tuple[int, int]:
    return _down(share), _up(share)


def _down(number: float) -> int:
    return math.floor(round(number, _DIGITS))


def _up(number: float) -> int:
    return math.ceil(round(number, _DIGITS))
