"""Lists whose split takes more than single moves, and what a split costs."""

import random
import tracemalloc
from hashlib import sha256

import pytest

from tagline.formats.rows import Side
from tagline.formats.split import Shares
from tagline.split.sides import assign_sides, content_hash


def labels_on_one_side(labels: list[bytes], sides: list[Side]) -> list[int]:
    """Return the labels with two images or more, all on one side."""
    found = []
    for label in range(len(labels[0])):
        where = [side for row, side in zip(labels, sides, strict=True) if row[label] == ord("1")]
        if len(where) > 1 and len(set(where)) == 1:
            found.append(label)
    return found


@pytest.mark.parametrize("case", [8, 10, 14, 43])
def test_a_rare_label_is_on_both_sides_where_several_images_must_move(case: int) -> None:
    """Each image of a rare label is the last one of another label on its side."""
    chance = random.Random(case * 7 + 600)
    odds = [chance.choice([2, 3, 4, 5, 8, 15]) / 600 for _ in range(334)]
    labels = [bytes(b"01"[chance.random() < share] for share in odds) for _ in range(600)]
    hashes = [content_hash(f"600.{case}-{content}", 0) for content in range(600)]
    sides = assign_sides(hashes, labels, Shares(0.2), {})
    assert labels_on_one_side(labels, [sides[at] for at in hashes]) == []
    again = assign_sides(hashes[::-1], labels[::-1], Shares(0.2), {})
    assert again == sides
    remembered = dict(list(sides.items())[::2])
    grown = assign_sides(hashes, labels, Shares(0.2), remembered)
    assert {at: grown[at] for at in remembered} == remembered


def test_small_lists_have_every_label_on_both_sides_where_any_split_has() -> None:
    chance = random.Random(7)
    possible = 0
    for case in range(500):
        count = chance.randint(3, 8)
        members = [chance.sample(range(count), chance.choice([2, 2, 3])) for _ in range(5)]
        sets = [sum(1 << content for content in found) for found in members]
        if any(all(split & held not in (0, held) for held in sets) for split in range(1 << count)):
            possible += 1
            labels = [bytes(b"01"[at in found] for found in members) for at in range(count)]
            hashes = [content_hash(f"{case} {content}", 0) for content in range(count)]
            sides = assign_sides(hashes, labels, Shares(0.2), {})
            assert labels_on_one_side(labels, [sides[at] for at in hashes]) == []
    assert possible > 300


def test_labels_that_cannot_all_be_on_both_sides_are_given_up() -> None:
    """Each two of 12 images share a label of their own."""
    pairs = [(a, b) for a in range(12) for b in range(a)]
    labels = [bytes(b"01"[content in pair] for pair in pairs) for content in range(12)]
    hashes = [content_hash(str(content), 0) for content in range(12)]
    sides = assign_sides(hashes, labels, Shares(0.2), {})
    assert set(sides.values()) == {Side.TRAIN, Side.VALIDATION}
    assert sides == assign_sides(hashes, labels, Shares(0.2), {})


RARE = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 59, 83, 101, 103, 107, 109)


@pytest.mark.parametrize(
    ("fraction", "kept", "digest"),
    [(0.2, 27, "a3638b62258db692"), (0.5, 68, "a882800e6e42394e"), (0.05, 7, "0308e09ee3a7cd28")],
)
def test_a_list_is_split_alike_in_every_version(fraction: float, kept: int, digest: str) -> None:
    """Labels from every third image to two in all, with several on most of them."""
    labels = [bytes(b"01"[at * at % part == 1] for part in RARE) for at in range(150)]
    hashes = [content_hash(str(at), 0) for at in range(150)]
    earlier = {hashes[at]: Side.TRAIN for at in range(0, 150, 9)}
    sides = assign_sides(hashes, labels, Shares(fraction), earlier)
    marks = "".join(sides[at][0] for at in hashes)
    assert labels_on_one_side(labels, [sides[at] for at in hashes]) == []
    assert (marks.count("v"), sha256(marks.encode()).hexdigest()[:16]) == (kept, digest)


def test_a_content_takes_little_memory_however_many_labels_it_has() -> None:
    """A million rows are split in a Lambda of 3,008 MB, 1,200 MB of which are the rows."""
    count = 20_000
    chance = random.Random(5)
    some = [
        bytes(chance.choices(b"01", weights=[4, 1], k=334)) for _ in range(200)
    ]  # 67 positives each
    labels = [some[content % 200] for content in range(count)]
    hashes = [content_hash(str(content), 0) for content in range(count)]
    tracemalloc.start()
    try:
        assign_sides(hashes, labels, Shares(0.2), {})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 500 * count
