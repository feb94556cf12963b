"""Which pictures are near-copies of known ones: as comparing all of them with each other tells."""

from hypothesis import given
from hypothesis import strategies as st

from tagline.formats import near_copies
from tagline.formats.near_copies import HEX_DIGITS, near_to

DIGITS = "0123456789abcdef"


def changed(likeness: str, changes: list[tuple[int, str]]) -> str:
    digits = list(likeness)
    for place, digit in changes:
        digits[place] = digit
    return "".join(digits)


# few different pictures and a few digits that differ: many near-copies, and many that are none
LIKENESSES = st.builds(
    changed,
    st.sampled_from("07f").map(lambda digit: digit * HEX_DIGITS),
    st.lists(st.tuples(st.integers(0, HEX_DIGITS - 1), st.sampled_from(DIGITS)), max_size=12),
)


@given(st.sets(LIKENESSES, max_size=45), st.lists(LIKENESSES, max_size=8))
def test_only_what_shares_a_band_is_held_and_the_same_is_found(
    known: set[str], asked: list[str]
) -> None:
    same = {likeness for likeness in asked if likeness in known}
    rest = set(asked) - same
    near = {
        two
        for pair in near_copies._close([*known, *rest])
        for one, two in (pair, pair[::-1])
        if one in known and two in rest
    }
    found = near_to(iter(known), dict(enumerate(asked)))
    assert found == {key for key, likeness in enumerate(asked) if likeness in same | near}
