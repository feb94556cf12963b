"""Laws of the third side: test images come from validation once, or are new; nothing else moves."""

import random
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.aws.s3 import Bucket, Version
from tagline.formats.keys import DatasetKeys
from tagline.formats.rows import Side
from tagline.formats.settings import Split
from tagline.formats.split import Shares
from tagline.split.memory import SplitFile
from tagline.split.sides import assign_sides, content_hash

LABELS = 4
ROW = st.tuples(st.integers(0, 60), st.text("01", min_size=LABELS, max_size=LABELS))
ROWS = st.lists(ROW, min_size=2, max_size=80).filter(lambda rows: len({c for c, _ in rows}) > 1)
SHARES = st.sampled_from(
    [Shares(0.1, 0.1), Shares(0.2, 0.1), Shares(0.05, 0.3), Shares(0.45, 0.45)]
)
Rows = Sequence[tuple[int, str]]
Sides = Mapping[int, Side]
HALVES = Split().shares


def split(rows: Rows, shares: Shares = HALVES, earlier: Sides | None = None) -> dict[int, Side]:
    hashes = [content_hash(f"content {content}", 0) for content, _ in rows]
    return assign_sides(hashes, [labels.encode() for _, labels in rows], shares, earlier or {})


def members(rows: Rows) -> list[set[int]]:
    """Return the hashes of the contents with each label."""
    return [
        {content_hash(f"content {content}", 0) for content, marks in rows if marks[label] == "1"}
        for label in range(LABELS)
    ]


def where(hashes: set[int], sides: Sides) -> set[Side]:
    return {sides[at] for at in hashes}


class OneObject:
    """A bucket of one object."""

    content: bytes | None = None

    def uri(self, key: str) -> str:
        return key

    def find_bytes(self, _key: str, _limit: int) -> Version[bytes] | None:
        return None if self.content is None else Version(self.content, "etag", {})

    def put_over(self, _key: str, body: bytes, _kind: str, _etag: str | None) -> None:
        self.content = body


SETTINGS = (Split(), Split(seed=1), Split(validation=0.3), Split(seed=1, test=0.3))


@given(st.lists(st.tuples(st.sampled_from(SETTINGS), ROWS), min_size=2, max_size=6))
def test_each_setting_keeps_its_sides_however_often_it_is_left(
    plans: list[tuple[Split, Rows]],
) -> None:
    bucket = cast("Bucket", OneObject())
    decided: dict[Split, dict[int, Side]] = {}
    for settings, rows in plans:
        file = SplitFile(bucket, DatasetKeys("demo"), settings)
        memory = file.recall()
        assert memory.sides == decided.get(settings, {})
        file.remember(memory, split(rows, settings.shares, memory.sides))
        decided[settings] = {**memory.sides, **split(rows, settings.shares, memory.sides)}


@given(ROWS, SHARES)
def test_a_few_labelled_images_are_enough_for_three_sides(rows: Rows, shares: Shares) -> None:
    sides = split(rows, shares)
    assert {Side.TRAIN, Side.VALIDATION} <= set(sides.values())
    labelled = set().union(*members(rows))
    if len(labelled) < 3:
        assert Side.TEST not in sides.values()
    elif len(labelled) > LABELS + 1:  # one with each label to train on, and two more
        assert where(labelled, sides) == set(Side)


@given(ROWS, SHARES, st.randoms())
def test_order_and_copies_do_not_matter(
    rows: list[tuple[int, str]], shares: Shares, chance: random.Random
) -> None:
    again = [*rows, *chance.choices(rows, k=5)]
    chance.shuffle(again)
    assert split(again, shares) == split(rows, shares)


@given(st.lists(ROWS, min_size=1, max_size=4), SHARES)
def test_a_growing_list_moves_validation_images_to_test_once(
    parts: list[Rows], shares: Shares
) -> None:
    rows: list[tuple[int, str]] = []
    remembered: dict[int, Side] = {}
    for part in parts:
        rows += part
        sides = split(rows, shares, remembered)
        had_test = Side.TEST in remembered.values()
        for at, side in remembered.items():
            carved = side is Side.VALIDATION and sides[at] is Side.TEST and not had_test
            assert sides[at] is side or carved
        remembered.update(sides)
    assert split(rows, shares, remembered) == sides


@given(ROWS, SHARES)
def test_a_dataset_of_before_gets_its_test_images_from_validation_alone(
    rows: Rows, shares: Shares
) -> None:
    before = split(rows, Shares(shares.held))
    after = split(rows, shares, before)
    for at, side in before.items():
        assert after[at] is side or (side, after[at]) == (Side.VALIDATION, Side.TEST)
    held = {at for at, side in before.items() if side is Side.VALIDATION}
    labelled = held & set().union(*members(rows))
    assert (Side.TEST in after.values()) == (len(labelled) > 1)
    assert Side.VALIDATION in after.values()


@given(ROWS, ROWS, SHARES)
def test_a_training_image_stays_one_in_any_list_that_others_can_judge(
    first: Rows, second: Rows, shares: Shares
) -> None:
    before = split(first, shares)
    after = split(second, shares, before)
    if any(before.get(at) is not Side.TRAIN for at in after):
        assert all(after[at] is Side.TRAIN for at in after if before.get(at) is Side.TRAIN)


@given(st.lists(st.integers(0, LABELS - 1), min_size=3, max_size=60), SHARES)
def test_labels_that_share_no_image_are_on_all_sides(only: list[int], shares: Shares) -> None:
    rows = [
        (content, "".join("01"[at == label] for at in range(LABELS)))
        for content, label in enumerate(only)
    ]
    sides = split(rows, shares)
    for hashes in members(rows):
        if len(hashes) > 2:
            assert where(hashes, sides) == set(Side)
        elif len(hashes) == 2:
            assert Side.TRAIN in where(hashes, sides) != {Side.TRAIN}


@pytest.mark.parametrize("shares", [Shares(0.1, 0.1), Shares(0.2, 0.1), Shares(0.1, 0.3)])
def test_labels_have_their_shares(shares: Shares) -> None:
    """Within a tenth of what is held and of what of that is test, or one image each."""
    chance = random.Random(3)
    odds = [0.002, 0.01, 0.1, 0.6]
    rows = [
        (content, "".join("01"[chance.random() < share] for share in odds))
        for content in range(4000)
    ]
    sides = split(rows, shares)
    for hashes in [*members(rows), set(sides)]:
        test = sum(sides[at] is Side.TEST for at in hashes)
        held = test + sum(sides[at] is Side.VALIDATION for at in hashes)
        share = shares.held * len(hashes)
        assert abs(held - share) <= max(1.0, 0.1 * share)
        share = shares.test / shares.held * held
        assert abs(test - share) <= max(1.0, 0.1 * share)


def test_the_hash_decides_for_nearly_all() -> None:
    chance = random.Random(4)
    rows = [
        (content, "".join("01"[chance.random() < share] for share in (0.01, 0.05, 0.2, 0.6)))
        for content in range(20_000)
    ]
    tenth = 2**64 // 10
    by_hash = [Side.TEST, Side.VALIDATION]
    moved = [
        at
        for at, side in split(rows).items()
        if side is not (by_hash[at // tenth] if at < 2 * tenth else Side.TRAIN)
    ]
    assert len(moved) < 200


def test_a_small_list_has_no_test_image() -> None:
    assert set(split([(0, "1000"), (1, "0100")]).values()) == {Side.TRAIN, Side.VALIDATION}
    bare = [(content, "0000") for content in range(2, 30)]
    sides = split([(0, "1000"), (1, "0100"), *bare])
    assert set(sides.values()) == {Side.TRAIN, Side.VALIDATION}


def test_a_list_of_nothing_but_test_images_gives_one_up_to_each_side() -> None:
    rows = [(content, "1000") for content in range(200)]
    before = split(rows)
    test = [row for row in rows if before[content_hash(f"content {row[0]}", 0)] is Side.TEST]
    assert set(split(test, earlier=before).values()) == set(Side)
    assert len(test) > 10
