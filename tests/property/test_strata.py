"""Laws of the split of images that have exactly one label: each label keeps its shares."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tagline.formats.rows import Side
from tagline.formats.split import Shares
from tagline.split.sides import content_hash
from tagline.split.strata import assign_strata

SIZES = st.lists(st.integers(1, 60), min_size=2, max_size=12).filter(lambda each: max(each) > 1)
SHARES = st.one_of(
    st.just(Shares(0.1, 0.1)),
    st.builds(Shares, st.floats(0.02, 0.45), st.one_of(st.just(0.0), st.floats(0.02, 0.45))),
)


def drawn(sizes: list[int], first: int = 0) -> tuple[list[int], list[bytes]]:
    """Return the hashes and labels of as many contents of each label."""
    width = len(sizes)
    hashes, labels = [], []
    for label, size in enumerate(sizes):
        hashes += [content_hash(f"{label}/{number}", 0) for number in range(first, first + size)]
        labels += [b"0" * label + b"1" + b"0" * (width - label - 1)] * size
    return hashes, labels


def counted(
    hashes: list[int], labels: list[bytes], sides: dict[int, Side]
) -> dict[bytes, Counter[Side]]:
    found: dict[bytes, Counter[Side]] = {}
    for at, label in zip(hashes, labels, strict=True):
        found.setdefault(label, Counter())[sides[at]] += 1
    return found


@given(SIZES, SHARES)
def test_each_label_keeps_its_share_on_each_side_to_an_image(
    sizes: list[int], shares: Shares
) -> None:
    hashes, labels = drawn(sizes)
    sides = assign_strata(hashes, labels, shares, {})
    wanted = {
        Side.TRAIN: 1 - shares.held,
        Side.VALIDATION: shares.validation,
        Side.TEST: shares.test,
    }
    for label, found in counted(hashes, labels, sides).items():
        count = labels.count(label)
        small = min(count * share for share in wanted.values() if share) < 1
        for side, share in wanted.items():
            if not small:
                assert abs(found[side] - share * count) <= 1 + 1e-9, (found, count)
            if side is not Side.TRAIN and share and count >= 3:
                assert 1 <= found[side] <= max(share * count + 1 + 1e-9, 1)
        assert found[Side.TRAIN] >= 1
        assert found[Side.VALIDATION] >= (count > 1)
    many = max(sizes) * wanted[Side.TEST] >= 1
    assert not many or Side.TEST in sides.values()


@given(SIZES, SHARES)
def test_labels_together_keep_the_share_where_none_is_small(
    sizes: list[int], shares: Shares
) -> None:
    sizes = [size + 100 for size in sizes]
    hashes, labels = drawn(sizes)
    found = Counter(assign_strata(hashes, labels, shares, {}).values())
    assert abs(found[Side.TRAIN] - (1 - shares.held) * sum(sizes)) <= 1
    assert abs(found[Side.TEST] - shares.test * sum(sizes)) <= 1


@settings(max_examples=30)
@given(SIZES, SHARES, SIZES)
def test_what_is_decided_stays_and_the_order_of_rows_does_not_count(
    sizes: list[int], shares: Shares, more: list[int]
) -> None:
    hashes, labels = drawn(sizes)
    sides = assign_strata(hashes, labels, shares, {})
    assert assign_strata(hashes[::-1], labels[::-1], shares, {}) == sides
    others = (more + [1] * len(sizes))[: len(sizes)]
    added, theirs = drawn(others, first=100)
    grown = assign_strata(hashes + added, labels + theirs, shares, sides)
    if Side.TEST in sides.values() or not shares.test:
        assert {at: grown[at] for at in sides} == sides
    else:
        assert all(grown[at] is side for at, side in sides.items() if side is Side.TRAIN)


def test_small_labels_are_trained_on_first_and_then_on_every_side() -> None:
    hashes, labels = drawn([1, 2, 3, 4, 9])
    found = counted(hashes, labels, assign_strata(hashes, labels, Shares(0.1, 0.1), {}))
    assert [tuple(found[label][side] for side in Side) for label in dict.fromkeys(labels)] == [
        *((1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 1, 1)),
        (7, 1, 1),
    ]


def test_as_many_contents_as_a_list_may_have_take_no_square_of_them() -> None:
    hashes, labels = drawn([15_000] * 4)
    found = Counter(assign_strata(hashes, labels, Shares(0.1, 0.1), {}).values())
    assert found == {Side.TRAIN: 48_000, Side.VALIDATION: 6_000, Side.TEST: 6_000}


def test_where_each_label_has_one_image_one_of_them_validates() -> None:
    hashes, labels = drawn([1] * 5)
    found = Counter(assign_strata(hashes, labels, Shares(0.1, 0.1), {}).values())
    assert found == {Side.TRAIN: 4, Side.VALIDATION: 1}
