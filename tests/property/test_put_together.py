"""Laws of near-copies and sides: no group on two of them, training keeps what it has."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from tagline.formats.rows import Side
from tagline.formats.settings import Split
from tagline.split.near import Image, put_together

SHARES = Split().shares
LABELS = st.text("01", min_size=3, max_size=3)
SIDES = st.sampled_from([*[Side.TRAIN] * 6, *Side])
IMAGES = st.lists(st.tuples(LABELS, SIDES, st.booleans(), st.integers(0, 30)), max_size=60)
Images = Sequence[Image]


def placed(found: Sequence[tuple[str, Side, bool, int]]) -> tuple[list[Image], dict[int, int]]:
    """Return images, each in the group of its number up to 15 or else alone, and the groups."""
    images, first, copies = [], dict[int, int](), {}
    for line, (labels, side, settled, group) in enumerate(found, start=1):
        exposed = side if settled else None
        images.append(Image(line, line * 2**56, labels.encode(), side, exposed))
        if group <= 15:
            copies[line] = first.setdefault(group, line)
    return images, copies


def moved(images: Images, copies: Mapping[int, int]) -> dict[int, Side]:
    moves = put_together(images, copies, SHARES)
    return {image.line: moves.get(image.line, image.side) for image in images}


def across(copies: Mapping[int, int], sides: Mapping[int, Side]) -> bool:
    groups: dict[int, set[Side]] = {}
    for line, first in copies.items():
        groups.setdefault(first, set()).add(sides[line])
    return any(len(found) > 1 for found in groups.values())


@given(IMAGES)
def test_no_group_is_on_two_sides_and_both_needed_ones_keep_an_image(
    found: list[tuple[str, Side, bool, int]],
) -> None:
    images, copies = placed(found)
    sides = moved(images, copies)
    units = {copies.get(image.line, image.line) for image in images}
    if len(units) > 1:
        assert not across(copies, sides)
        if put_together(images, copies, SHARES):
            assert {Side.TRAIN, Side.VALIDATION} <= set(sides.values())


@given(IMAGES)
def test_what_is_settled_is_exposed_no_less_than_before(
    found: list[tuple[str, Side, bool, int]],
) -> None:
    images, copies = placed(found)
    order, sides = list(Side), moved(images, copies)
    alone = [image for image in images if image.line not in copies]
    if {image.side for image in alone} >= {Side.TRAIN, Side.VALIDATION} and all(
        b"1" in image.labels for image in alone
    ):
        for image in images:
            if image.exposed:
                assert order.index(sides[image.line]) <= order.index(image.side)


@given(IMAGES)
def test_where_no_group_is_across_nothing_moves(found: list[tuple[str, Side, bool, int]]) -> None:
    images, copies = placed(found)
    if not across(copies, {image.line: image.side for image in images}):
        assert put_together(images, copies, SHARES) == {}


@given(IMAGES)
def test_what_was_put_together_stays(found: list[tuple[str, Side, bool, int]]) -> None:
    images, copies = placed(found)
    sides = moved(images, copies)
    after = [image._replace(side=sides[image.line], exposed=sides[image.line]) for image in images]
    if len({copies.get(image.line, image.line) for image in images}) > 1:
        assert put_together(after, copies, SHARES) == {}


def test_equal_contents_move_together() -> None:
    """One of two equal images has no likeness, as a record of an older run has none."""
    images = [
        Image(1, 5, b"1", Side.TRAIN, Side.TRAIN),
        Image(2, 6, b"1", Side.VALIDATION, exposed=None),
        Image(3, 6, b"1", Side.VALIDATION, exposed=None),
        Image(7, 7 * 2**60, b"1", Side.VALIDATION, Side.VALIDATION),
        *(Image(line, line * 2**60, b"1", Side.TRAIN, Side.TRAIN) for line in range(8, 13)),
    ]
    assert put_together(images, {1: 1, 2: 1}, SHARES) == {2: Side.TRAIN, 3: Side.TRAIN}


def test_copies_of_what_an_earlier_run_trained_on_are_trained_on() -> None:
    images = [
        Image(1, 1, b"1", Side.TEST, Side.TRAIN),
        Image(2, 2, b"1", Side.TEST, Side.VALIDATION),
        Image(3, 3, b"1", Side.TEST, Side.TEST),
        *(Image(line, line * 2**58, b"1", Side.TRAIN, Side.TRAIN) for line in range(4, 30)),
    ]
    assert put_together(images, {}, SHARES) == {1: Side.TRAIN, 2: Side.VALIDATION}


def test_a_large_new_group_is_trained_on() -> None:
    images = [
        Image(line, line * 2**56, b"1", Side.TEST if line < 41 else Side.TRAIN, exposed=None)
        for line in range(1, 200)
    ]
    sides = moved(images, dict.fromkeys(range(1, 51), 1))
    assert {sides[line] for line in range(1, 51)} == {Side.TRAIN}
    assert {Side.VALIDATION, Side.TEST} < set(sides.values())


@given(st.integers(5, 12), st.booleans())
def test_a_new_group_that_is_most_of_a_label_is_trained_on(size: int, packed: bool) -> None:
    """As clock faces are of `time`; what an earlier run packed stays where it was."""
    images = [
        Image(
            line,
            line * 2**56,
            b"%d1" % (line <= 14),
            Side.TEST if line <= size else Side.TRAIN,
            Side.TEST if packed and line <= size else None,
        )
        for line in range(1, 250)
    ]
    images[1] = images[1]._replace(side=Side.TRAIN)
    sides = moved(images, dict.fromkeys(range(1, size + 1), 1))
    learned = size > 7 and not packed
    assert {sides[line] for line in range(1, size + 1)} == {Side.TRAIN if learned else Side.TEST}


def test_many_copies_of_each_picture_leave_each_side_its_share() -> None:
    """Four copies a picture, sides by chance: a rule "any in training" would train on them all."""
    images, copies = [], {}
    for picture in range(300):
        for copy in range(4):
            line = 1 + picture * 4 + copy
            content = line * 0x9E3779B97F4A7C15 % 2**64
            side = Side.TEST if content < 2**64 // 10 else Side.VALIDATION
            labels = bytes(b"01"[picture % 7 == label] for label in range(7))
            side = side if content < 2**64 // 5 else Side.TRAIN
            images.append(Image(line, content, labels, side, exposed=None))
            copies[line] = 1 + picture * 4
    sides = moved(images, copies)
    assert not across(copies, sides)
    for label in range(7):
        lines = [image.line for image in images if image.labels[label] == ord("1")]
        shares = [sum(sides[line] is side for line in lines) / len(lines) for side in Side]
        assert abs(shares[0] - 0.8) < 0.05
        assert shares[1] > 0.05 < shares[2]
