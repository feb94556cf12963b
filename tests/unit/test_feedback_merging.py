"""Corrections into a list: what was said counts, and all else stays as it is."""

import gzip
import hashlib
import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagline.feedback.merging import Merger
from tagline.feedback.truths import fold
from tagline.listing.list_file import read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list
from tests.unit.feedback_world import LABELS, SOURCE, entry, merged

LIST = b"7\t1\t0\t0\timages/a.png\n\n# a note\n0009\t 0\t1\t0 \t./images/b.png\n9\t0\t0\t0\tc.png\n"


def test_labels_change_and_nothing_else_does() -> None:
    said = [
        entry("images/a.png", 1, added=("big",), removed=("red",)),
        entry("images/b.png", 2, confirmed=("round",), added=("red",)),
    ]
    data, outcome, _ = merged(LIST, said)
    assert data == (
        b"7\t0\t0\t1\timages/a.png\n\n# a note\n0009\t1\t1\t0\t./images/b.png\n9\t0\t0\t0\tc.png\n"
    )
    assert (outcome.changed, outcome.added) == (2, 0)
    assert [(row.before, row.after) for row in outcome.rows] == [
        (("red",), ("big",)),
        (("round",), ("red", "round")),
    ]
    assert {row.label: (row.added, row.removed) for row in outcome.labels} == {
        "red": (1, 1),
        "big": (1, 0),
    }
    assert outcome.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("form", ["joined", "long", "gzip", "bom"])
def test_every_form_of_list_is_taken(form: str) -> None:
    rows = {
        "joined": b"1\t1,0,0\ta.png\n2\t0,1,0\tb.png\n3\t0,0,0\tc.png\n",
        "long": b"1\t1.0\t0.0\t0.0\ta.png\r\n2\t0\t1\t0\tb.png\r\n",
        "gzip": gzip.compress(b"1\t1\t0\t0\ta.png\n2\t0\t1\t0\tb.png"),
        "bom": b"\xef\xbb\xbf1\t1\t0\t0\ta.png\n2\t0\t1\t0\tb.png\n",
    }[form]
    data, _, _ = merged(rows, [entry("a.png", added=("big",)), entry("new.png", added=("red",))])
    parsed = _rows(data)
    assert [row.labels for row in parsed[:2]] == [b"101", b"010"]
    assert (parsed[-1].labels, parsed[-1].path) == (b"100", "new.png")


def test_the_newest_word_on_an_image_and_label_counts() -> None:
    said = [
        entry("images/a.png", 1, removed=("red",), added=("big",)),
        entry("images/a.png", 2, confirmed=("red",)),
    ]
    data, outcome, truths = merged(LIST, said)
    assert data.startswith(b"7\t1\t0\t1\t")
    assert truths.conflicts == 1
    assert (outcome.by[0], outcome.by[1]) == (1, 0)  # red was never taken away


def test_new_images_have_rows_that_lead_to_them_and_keep_their_ids() -> None:
    places = ["s3://data/demo/feedback/images/x.png", "s3://art/y.png"]
    said = [entry(place, n, added=("red",)) for n, place in enumerate(places)]
    data, outcome, _ = merged(LIST, said)
    again, nothing, _ = merged(data, said)
    assert again == data
    assert (outcome.added, nothing.added, nothing.changed) == (2, 0, 0)
    new = _rows(data)[-2:]
    assert [row.path for row in new] == ["feedback/images/x.png", "s3://art/y.png"]
    assert all(2**52 <= row.id < 2**53 for row in new)
    only = _rows(merged(LIST, said[1:])[0])[-1]
    assert only == new[1]._replace(line=only.line)
    elsewhere = Source.of_dataset("demo", "data", "s3://art/", ["art"])
    moved = _rows(merged(LIST, said, source=elsewhere)[0], elsewhere)[-2:]
    assert [row.path for row in moved] == [places[0], "y.png"]


def test_an_id_that_is_taken_is_not_given_again() -> None:
    said = [entry("x.png", added=("red",))]
    taken = _rows(merged(LIST, said)[0])[-1].id
    data, _, _ = merged(LIST + b"%d\t0\t0\t0\tother.png\n" % taken, said)
    ids = [row.id for row in _rows(data)]
    assert len(set(ids)) == len(ids) == 4  # a second row 9 counts for nothing


def test_what_can_be_no_row_is_told() -> None:
    said = [entry("gone.png", 1, added=("red",)), entry("bare.png", 2, removed=("red",))]
    data, outcome, _ = merged(LIST, said, is_there=lambda _: False)
    assert data == LIST
    assert outcome.gone == {"s3://data/demo/gone.png"}
    assert outcome.untold == {"s3://data/demo/bare.png"}
    _, outcome, _ = merged(LIST, [entry("s3://secrets/a.png", added=("red",))])
    assert outcome.gone == {"s3://secrets/a.png"}


def test_labels_that_the_list_does_not_have_are_counted() -> None:
    _, outcome, truths = merged(LIST, [entry("images/a.png", added=("green", "big"))])
    assert (truths.unknown, outcome.changed) == (1, 1)


@st.composite
def worlds(draw: st.DrawFn) -> Any:
    rows = draw(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=4, max_size=8))
    paths = st.integers(0, len(rows) + 2)
    labels = st.sampled_from([("confirmed", True), ("added", True), ("removed", False)])
    words = st.lists(st.tuples(paths, st.integers(0, 2), labels), max_size=20)
    return rows, draw(words)


@given(worlds())
@settings(deadline=None)
def test_every_row_says_the_last_word_and_else_what_it_said(world: Any) -> None:
    rows, words = world
    data = b"".join(
        b"%d\t%s\t%d.png\n" % (n, b"\t".join(b"%d" % bit for bit in bits), n)
        for n, bits in enumerate(rows)
    )
    truth = {f"{n}.png": list(bits) for n, bits in enumerate(rows)}
    given_to: set[str] = set()
    for path, label, (_, has) in words:
        truth.setdefault(f"{path}.png", [False] * 3)[label] = has
    last = {(path, label): has for path, label, (_, has) in words}
    given_to |= {f"{path}.png" for (path, _), has in last.items() if has}
    said = [
        entry(f"{path}.png", n, **{kind: (LABELS[label],)})
        for n, (path, label, (kind, _)) in enumerate(words)
    ]
    made, outcome, _ = merged(data, said)
    found = {row.path: [bit == ord("1") for bit in row.labels] for row in _rows(made)}
    expected = {
        path: bits
        for path, bits in truth.items()
        if path in given_to or int(path.removesuffix(".png")) < len(rows)
    }
    assert found == expected
    assert outcome.changed == sum(found[f"{n}.png"] != bits for n, bits in enumerate(rows))
    assert merged(made, said)[0] == made


def test_a_long_list_is_merged_in_bounded_memory() -> None:
    rows = 50_000

    def lines() -> Iterator[bytes]:
        for number in range(rows):
            yield b"%d\t1\t0\t0\timages/%d.png\n" % (number, number)

    stream = io.BytesIO(b"".join(lines()))

    class Nowhere:
        def write(self, data: bytes) -> None:
            self.last = data

    survey = survey_list(stream)
    truths = fold([entry("images/49999.png", added=("big",))], LABELS, {})
    out = Nowhere()
    tracemalloc.start()
    outcome = Merger(survey, SOURCE, LABELS, truths).merge(stream, out, lambda _: True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outcome.changed == 1
    assert out.last == b"49999\t1\t0\t1\timages/49999.png\n"
    assert peak < 4 << 20  # rows as objects would take that


def _rows(data: bytes, source: Source = SOURCE) -> list[Row]:
    stream = io.BytesIO(data)
    survey = survey_list(stream)
    found = read_rows(stream, survey, source)
    return [row for row in found if isinstance(row, Row)]
