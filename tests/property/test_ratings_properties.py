"""Whatever a ratings file holds: one verdict each row, and the same file makes the same bytes."""

import gzip
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from tagline.formats.reasons import UnusableList
from tagline.formats.recommender_settings import Recommender
from tagline.formats.rows import Side
from tagline.formats.settings import Split
from tagline.ratings.channels import Written
from tagline.ratings.sides import Divided
from tagline.ratings.table import Table

FIELD = st.one_of(
    st.sampled_from(
        ["a", "b", "c", "x", "", '"', '"a,b"', "4.5", "1000000000", "2020-01-01", "\0"]
    ),
    st.integers(0, 12).map(str),
    st.text(max_size=4),
)
LINES = st.lists(st.lists(FIELD, max_size=6).map(",".join), max_size=30)
RULES = st.builds(
    Recommender,
    minimum_rating=st.none() | st.floats(-5, 5),
    minimum_user_ratings=st.integers(1, 3),
    minimum_item_ratings=st.integers(1, 3),
)


def left(data: bytes, rules: Recommender) -> tuple[Table, list[bytes]]:
    table = Table(io.BytesIO(data))
    table.leave_out(rules)
    written = Written(table, Divided(table, Split()))
    files = [io.BytesIO() for _ in Side]
    for side, file in zip(Side, files, strict=True):
        written.write_side(side, file)
    bodies = [file.getvalue() for file in files]
    return table, [*bodies, written.items_file({}), *(body for _, body in written.histories())]


@given(LINES, RULES)
@settings(max_examples=150)
def test_every_row_has_one_verdict(lines: list[str], rules: Recommender) -> None:
    data = "\n".join(["user,item,rating,timestamp", *lines]).encode("utf-8", "replace")
    try:
        table = Table(io.BytesIO(data))
    except UnusableList:
        return
    table.leave_out(rules)
    verdicts = list(table.verdicts())
    accepted = sum(each.verdict == "accepted" for each in verdicts)
    assert len(verdicts) == table.rows
    assert accepted == sum(1 for _ in table.accepted())
    assert accepted + sum(each.reason is not None for each in verdicts) == table.rows
    numbers = [each.line for each in verdicts]
    assert numbers == sorted(set(numbers))
    pairs = [(each.user, each.item) for each in verdicts if each.verdict == "accepted"]
    assert len(pairs) == len(set(pairs))


@given(st.binary(max_size=300))
def test_any_bytes_are_ratings_or_refused_in_words(data: bytes) -> None:
    try:
        table = Table(io.BytesIO(data))
    except UnusableList:
        return
    assert len(list(table.verdicts())) == table.rows


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 99)), min_size=30))
@settings(max_examples=50)
def test_the_same_ratings_make_the_same_bytes_packed_or_not(
    rows: list[tuple[int, int, int]],
) -> None:
    data = "".join(f"u{user},i{item},1,{10**9 + at}\n" for user, item, at in rows).encode()
    try:
        table, files = left(data, Recommender())
    except UnusableList:
        return
    assert left(gzip.compress(data), Recommender())[1] == files
    sides = sum(gzip.decompress(body).count(b"\n") - 1 for body in files[:3])
    assert sides == sum(1 for _ in table.accepted())
