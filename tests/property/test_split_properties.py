"""Laws of the split: nothing moves, copies stay together, every label is on both sides."""

import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.formats.rows import Side
from tagline.formats.split import Shares
from tagline.split.sides import CannotSplit, assign_sides, content_hash

LABELS = 4
ROW = st.tuples(st.integers(0, 40), st.text("01", min_size=LABELS, max_size=LABELS))
ROWS = st.lists(ROW, min_size=2, max_size=60).filter(lambda rows: len({c for c, _ in rows}) > 1)
FRACTION = st.sampled_from([0.01, 0.1, 0.2, 0.5, 0.9])
Rows = Sequence[tuple[int, str]]
Sides = Mapping[int, Side]


def split(rows: Rows, fraction: float = 0.2, earlier: Sides | None = None) -> dict[int, Side]:
    hashes = [content_hash(f"content {content}", 0) for content, _ in rows]
    return assign_sides(
        hashes, [labels.encode() for _, labels in rows], Shares(fraction), earlier or {}
    )


def members(rows: Rows) -> dict[int, set[int]]:
    """Return the hashes of the contents with each label."""
    found: dict[int, set[int]] = {label: set() for label in range(LABELS)}
    for content, labels in rows:
        for label in range(LABELS):
            if labels[label] == "1":
                found[label].add(content_hash(f"content {content}", 0))
    return found


def on_both_sides(hashes: set[int], sides: Sides) -> bool:
    return len({sides[at] for at in hashes}) == 2


@given(ROWS, FRACTION)
def test_no_side_is_empty_and_every_content_has_one_side(rows: Rows, fraction: float) -> None:
    sides = split(rows, fraction)
    assert set(sides.values()) == {Side.TRAIN, Side.VALIDATION}
    assert set(sides) == {content_hash(f"content {content}", 0) for content, _ in rows}


@given(ROWS, FRACTION, st.randoms())
def test_order_and_copies_do_not_matter(
    rows: list[tuple[int, str]], fraction: float, chance: random.Random
) -> None:
    again = [*rows, *chance.choices(rows, k=5)]
    chance.shuffle(again)
    assert split(again, fraction) == split(rows, fraction)


@given(st.lists(ROWS, min_size=1, max_size=4), FRACTION)
def test_nothing_moves_as_a_list_grows(parts: list[Rows], fraction: float) -> None:
    rows: list[tuple[int, str]] = []
    remembered: dict[int, Side] = {}
    for part in parts:
        rows += part
        sides = split(rows, fraction, remembered)
        assert {at: sides[at] for at in remembered} == remembered
        remembered.update(sides)
    assert split(rows, fraction, remembered) == sides


@given(ROWS, ROWS)
def test_nothing_moves_between_lists_that_share_images(first: Rows, second: Rows) -> None:
    before = split(first)
    after = split(second, earlier=before)
    shared = set(before) & set(after)
    if any(at not in before for at in after) or len({before[at] for at in shared}) == 2:
        assert all(after[at] is before[at] for at in shared)


@given(ROWS, FRACTION)
def test_a_label_is_on_one_side_only_where_no_image_could_be_moved(
    rows: Rows, fraction: float
) -> None:
    sides = split(rows, fraction)
    labels = [hashes for hashes in members(rows).values() if len(hashes) > 1]
    shown = [hashes for hashes in [*labels, set(sides)] if on_both_sides(hashes, sides)]
    for hashes in labels:
        if not on_both_sides(hashes, sides):
            for at in hashes:
                other = Side.TRAIN if sides[at] is Side.VALIDATION else Side.VALIDATION
                moved = {**sides, at: other}
                assert not all(on_both_sides(kept, moved) for kept in shown)


@given(st.lists(st.integers(0, LABELS - 1), min_size=2, max_size=60), FRACTION)
def test_labels_that_share_no_image_are_all_on_both_sides(only: list[int], fraction: float) -> None:
    rows = [
        (content, "".join("01"[at == label] for at in range(LABELS)))
        for content, label in enumerate(only)
    ]
    sides = split(rows, fraction)
    for hashes in members(rows).values():
        assert len(hashes) < 2 or on_both_sides(hashes, sides)


@given(ROWS, FRACTION)
def test_images_with_any_label_are_on_both_sides(rows: Rows, fraction: float) -> None:
    sides = split(rows, fraction)
    labelled = set().union(*members(rows).values())
    assert len(labelled) < 2 or on_both_sides(labelled, sides)


@given(st.integers(2, 60), st.integers(0, 60), FRACTION)
def test_two_labelled_images_are_on_both_sides(at: int, bare: int, fraction: float) -> None:
    rows = [(0, "1000"), (at, "0100"), *((100 + content, "0000") for content in range(bare))]
    assert on_both_sides(set().union(*members(rows).values()), split(rows, fraction))


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
def test_labels_have_their_share(fraction: float) -> None:
    """Within a tenth of the share or one image, for labels from rare to common."""
    chance = random.Random(3)
    odds = [0.002, 0.01, 0.1, 0.6]
    rows = [
        (content, "".join("01"[chance.random() < share] for share in odds))
        for content in range(4000)
    ]
    sides = split(rows, fraction)
    for hashes in [*members(rows).values(), set(sides)]:
        share = fraction * len(hashes)
        kept = sum(sides[at] is Side.VALIDATION for at in hashes)
        assert abs(kept - share) <= max(1.0, 0.1 * share)


def test_the_hash_decides_for_nearly_all() -> None:
    chance = random.Random(4)
    rows = [
        (content, "".join("01"[chance.random() < share] for share in (0.01, 0.05, 0.2, 0.6)))
        for content in range(20_000)
    ]
    moved = [
        at for at, side in split(rows).items() if (at < 2**64 // 5) != (side is Side.VALIDATION)
    ]
    assert len(moved) < 100


HALF = 2**63


@pytest.mark.parametrize(
    ("hashes", "kept"),
    [
        ([HALF - 9, HALF - 7, HALF, HALF + 1000], {HALF - 9, HALF - 7}),
        ([HALF - 9, HALF - 1, HALF - 700, HALF - 80], {HALF - 9, HALF - 700, HALF - 80}),
        ([HALF + 9, HALF + 1, HALF + 700, HALF + 80], {HALF + 1}),
    ],
    ids=["none moves", "one to train", "one to validation"],
)
def test_the_image_that_moves_is_the_one_nearest_to_the_limit(
    hashes: list[int], kept: set[int]
) -> None:
    sides = assign_sides(hashes, [b"0"] * 4, Shares(0.5), {})
    assert {at for at in hashes if sides[at] is Side.VALIDATION} == kept


def test_sides_have_the_names_that_shards_and_records_know() -> None:
    assert [str(side) for side in Side] == ["train", "validation", "test"]


def test_a_grown_label_gets_its_validation_image_from_the_new_ones() -> None:
    old = [(content, "1000" if content == 0 else "0000") for content in range(50)]
    before = split(old)
    new = [(content, "1000") for content in range(100, 103)]
    after = split(old + new, earlier=before)
    assert on_both_sides(members(old + new)[0], after)


def test_one_image_cannot_be_split() -> None:
    with pytest.raises(CannotSplit, match="1 different"):
        split([(1, "0000"), (1, "1111")])


def test_the_seed_decides_the_places() -> None:
    assert content_hash("a", 0) != content_hash("a", 1)
