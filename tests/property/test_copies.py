"""Near-copies by whole columns are those that the plain rule finds."""

import random

import numpy as np
import pytest

from im2rec.run.copies import BYTES, Likenesses, group
from tagline.formats.near_copies import BANDS, NEIGHBOURS, near_copies


def numbered(likenesses: list[bytes]) -> Likenesses:
    return Likenesses(np.frombuffer(b"".join(likenesses), np.uint8).reshape(-1, BYTES))


def flipped(likeness: bytes, bits: int, rng: random.Random, *, among: int = BYTES * 8) -> bytes:
    number = int.from_bytes(likeness)
    for bit in rng.sample(range(among), bits):
        number ^= 1 << bit
    return number.to_bytes(BYTES)


def lighter(likeness: bytes, rng: random.Random) -> bytes:
    """Return one whose colours have gained some bits, of each band's last eight bytes."""
    row = BYTES // BANDS
    made = bytearray(likeness)
    for _ in range(rng.randrange(40)):
        made[rng.randrange(BANDS) * row + rng.randrange(5, row)] |= 1 << rng.randrange(8)
    return bytes(made)


def pictures(rng: random.Random) -> list[bytes]:
    """Return likenesses many of which are equal, near, or share bands, blank ones among them."""
    found = [bytes(BYTES), b"\xff" * BYTES, *(rng.randbytes(BYTES) for _ in range(3))]
    row = BYTES // BANDS
    while len(found) < rng.choice([2, 30, 120]):
        one, two = rng.choice(found), rng.choice(found)
        cut = rng.randrange(BANDS) * row + rng.choice([0, 5])
        made = rng.choice(
            [
                one,
                flipped(one, rng.randrange(12), rng),
                lighter(one, rng),
                lighter(flipped(one, rng.randrange(5), rng), rng),
                one[:cut] + two[cut:],
                one[:cut] + rng.randbytes(BYTES - cut),
                rng.randbytes(cut) + one[cut:],
            ]
        )
        found.append(made)
    rng.shuffle(found)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_the_groups_are_those_of_the_plain_rule(seed: int) -> None:
    rng = random.Random(seed)
    found = pictures(rng)
    names = group(numbered(found)).tolist()
    least: dict[int, int] = {}
    for at, name in enumerate(names):
        least.setdefault(name, at)
    several = {name for name in names if names.count(name) > 1}
    assert {at: least[name] for at, name in enumerate(names) if name in several} == near_copies(
        {at: likeness.hex() for at, likeness in enumerate(found)}
    )


def test_a_band_that_hundreds_share_is_searched_in_the_same_order() -> None:
    rng = random.Random(5)
    start = rng.randbytes(BYTES)
    found = [start]
    while len(found) < 8 * NEIGHBOURS:  # long chains within few bands, too far apart for all pairs
        one = rng.choice(found[-40:])
        found.append(one[:13] + flipped(one, 7, rng)[13:])
    names = group(numbered(found)).tolist()
    told = near_copies({at: likeness.hex() for at, likeness in enumerate(found)})
    for at in range(len(found)):
        for other in range(at):
            same = told.get(at, -1 - at) == told.get(other, -1 - other)
            assert (names[at] == names[other]) == same


def test_nothing_has_no_copies() -> None:
    assert group(numbered([])).tolist() == []
