"""`tagline.split.sides` and `tagline.split.strata` on arrays: the same sides in far less memory.

A property test holds both against each other. A side is a number here, as in SIDES.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from im2rec.plan.contents import Codes, Contents, Flags, Hashes
from tagline.formats.rows import Side
from tagline.formats.split import Shares
from tagline.split.balance import Balance
from tagline.split.sides import CannotSplit
from tagline.split.strata import Quota, held_bounds, shared_out, tested_bounds

SIDES = {1: Side.TRAIN, 2: Side.VALIDATION, 3: Side.TEST}
UNKNOWN, TRAIN, VALIDATION, TEST = range(4)
_SPAN = 2**64

Assigning = Callable[[Contents, Shares, Codes, bool], Codes]
"""A way to put contents on sides: by the sides that are decided, and whether some test image is."""


def assign_sides(contents: Contents, shares: Shares, earlier: Codes, tested: bool) -> Codes:
    """Return the contents' sides, as `tagline.split.sides.assign_sides` does."""
    wanted, free, carved = _before(contents, shares, earlier, tested=tested)
    held = _held(contents, wanted, shares, free)
    return _sides(held, _test(contents, held, wanted, shares, free | carved))


def assign_strata(contents: Contents, shares: Shares, earlier: Codes, tested: bool) -> Codes:
    """Return the contents' sides, as `tagline.split.strata.assign_strata` does."""
    wanted, free, carved = _before(contents, shares, earlier, tested=tested)
    groups = _groups(contents)
    sizes = np.bincount(groups)
    held = _taken(
        groups,
        inside=~free & (wanted != TRAIN),
        movable=free,
        shares=[int(size) * shares.held for size in sizes],
        bounds=[held_bounds(int(size), shares) for size in sizes],
        reluctant=wanted == TRAIN,
    )
    if held.all() or not held.any():
        first = np.flatnonzero(free)[:1] if free.any() else np.array([0])
        held[first] = ~held[first]
    test = np.zeros_like(held)
    if shares.test:
        among = np.bincount(groups[held], minlength=len(sizes))
        test = _taken(
            groups,
            inside=~free & (wanted == TEST),
            movable=held & (free | carved),
            shares=[int(size) * shares.test for size in sizes],
            bounds=[
                tested_bounds(int(size), int(of), shares)
                for size, of in zip(sizes, among, strict=True)
            ],
            reluctant=wanted != TEST,
        )
        if not (held & ~test).any():  # one at least chooses the epoch
            test[np.flatnonzero(held)[0]] = False
    return _sides(held, test)


def _before(
    contents: Contents, shares: Shares, earlier: Codes, *, tested: bool
) -> tuple[Codes, Flags, Flags]:
    if len(contents) < 2:  # noqa: PLR2004 - one for each side
        raise CannotSplit(f"{len(contents)} different image(s); a split needs at least 2")
    free = earlier == UNKNOWN
    carved = (earlier == VALIDATION) & (not tested)
    by_hash = np.full(len(contents), TRAIN, np.uint8)
    by_hash[_below(contents.hashes, shares.held)] = VALIDATION
    by_hash[_below(contents.hashes, shares.test)] = TEST
    wanted = np.where(free, by_hash, earlier)
    wanted[carved & (by_hash == TEST)] = TEST
    return wanted, free, carved


def _below(hashes: Hashes, share: float) -> Flags:
    limit = int(share * _SPAN)
    return hashes < np.uint64(limit) if limit < _SPAN else np.ones(len(hashes), np.bool_)


def _held(contents: Contents, wanted: Codes, shares: Shares, free: Flags) -> Flags:
    nearest = _nearest(contents.hashes, shares.held)
    sides = Balance(
        rows=contents.rows(nearest),
        free=free[nearest].tobytes(),
        inside=(wanted != TRAIN)[nearest].tobytes(),
        fraction=shares.held,
        least=2 if shares.test else 1,
    )
    sides.settle()
    held = np.zeros(len(contents), np.bool_)
    held[nearest] = _flags(sides)
    if held.all() or not held.any():
        labelled = np.flatnonzero(contents.bits[nearest].any(axis=1))
        first = nearest[labelled[0]] if len(labelled) else nearest[0]
        held[first] = not held[first]
    return held


def _test(contents: Contents, held: Flags, wanted: Codes, shares: Shares, movable: Flags) -> Flags:
    among = np.flatnonzero(held)
    nearest = among[_nearest(contents.hashes[among], shares.test)]
    labelled = contents.bits[nearest].any(axis=1)
    inside = ~movable[nearest] & (wanted[nearest] == TEST)
    if shares.test and labelled.sum() > 1:
        sides = Balance(
            rows=contents.rows(nearest),
            free=movable[nearest].tobytes(),
            inside=(wanted == TEST)[nearest].tobytes(),
            fraction=shares.test / shares.held,
        )
        sides.settle()
        inside = _flags(sides)
    choosing = np.flatnonzero(labelled) if labelled.any() else np.arange(len(nearest))
    if inside[choosing].all():  # one of these at least has to choose the epoch
        inside[choosing[0]] = False
    test = np.zeros(len(contents), np.bool_)
    test[nearest] = inside
    return test


def _nearest(hashes: Hashes, share: float) -> npt.NDArray[np.intp]:
    """Return the order of hashes, which rise, by how near they are to a limit."""
    limit = np.uint64(min(int(share * _SPAN), _SPAN - 1))
    distance = np.where(hashes >= limit, hashes - limit, limit - hashes)
    return np.argsort(distance, kind="stable")


def _flags(sides: Balance) -> Flags:
    bits = np.frombuffer(sides.inside_bits, np.uint8)
    return np.unpackbits(bits, bitorder="little", count=len(sides)).astype(np.bool_)


def _groups(contents: Contents) -> npt.NDArray[np.intp]:
    """Return a number for each content's labels, in the order of the labels."""
    rows = np.ascontiguousarray(contents.bits).view(f"V{contents.bits.shape[1]}").ravel()
    numbers: dict[bytes, int] = {}
    found = np.fromiter(
        (numbers.setdefault(row.tobytes(), len(numbers)) for row in rows), np.intp, len(rows)
    )
    places = np.empty(len(numbers), np.intp)
    for place, labels in enumerate(sorted(numbers)):
        places[numbers[labels]] = place
    return places[found]


def _taken(
    groups: npt.NDArray[np.intp],
    *,
    inside: Flags,
    movable: Flags,
    shares: list[float],
    bounds: list[tuple[int, int]],
    reluctant: Flags,
) -> Flags:
    fixed = inside & ~movable
    some, others = (np.bincount(groups[of], minlength=len(shares)) for of in (fixed, movable))
    quotas = [
        Quota(int(few), int(many), share, of)
        for few, many, share, of in zip(some, others, shares, bounds, strict=True)
    ]
    wanted = np.array(shared_out(quotas)) - some
    free = np.flatnonzero(movable)
    order = free[np.lexsort((free, reluctant[free], groups[free]))]  # contents rise by their hashes
    starts = np.concatenate(([0], np.cumsum(others)[:-1]))
    rank = np.arange(len(order)) - starts[groups[order]]
    taken = fixed.copy()
    taken[order[rank < wanted[groups[order]]]] = True
    return taken


def _sides(held: Flags, test: Flags) -> Codes:
    sides = np.where(held, VALIDATION, TRAIN).astype(np.uint8)
    sides[test] = TEST
    return sides
