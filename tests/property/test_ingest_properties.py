"""Laws of ingest: every row accounted for, splits and shards that cover, inventories that agree."""

import io
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tagline.aws.s3 import Bucket
from tagline.formats.list_lines import Line, read_lines
from tagline.formats.reasons import UnusableList
from tagline.formats.rows import PlannedRow, Reject, Side
from tagline.formats.settings import OnConflict, Settings
from tagline.listing.label_counts import LabelCounter
from tagline.listing.list_file import read_rows
from tagline.listing.rows import Row, RowParser
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list
from tagline.planning.fingerprint import fingerprint
from tagline.planning.inventory import take_inventory
from tagline.planning.sharding import cut, packing_rank

SOURCE = Source.of_dataset("demo", "data", None, ())
FIELD = st.one_of(
    st.sampled_from(
        [b"0", b"1", b"", b" ", b"\t", b"\r", b"\n", b"a.png", b"/..", b"\xff", b"0,1"]
    ),
    st.integers(-2, 2**65).map(lambda n: b"%d" % n),
    st.binary(max_size=6),
)


@given(st.lists(FIELD, max_size=60), st.sampled_from([b"\t", b" \t ", b","]))
def test_accepted_and_rejected_are_all_rows(fields: list[bytes], separator: bytes) -> None:
    stream = io.BytesIO(b"1\t0\t1\tfirst.png\n" + separator.join(fields))
    try:
        survey = survey_list(stream)
    except UnusableList:
        return
    found = list(read_rows(stream, survey, SOURCE))
    assert len(found) == survey.rows == sum(1 for _ in read_lines(stream))
    accepted = [row for row in found if isinstance(row, Row)]
    assert len({row.id for row in accepted}) == len(accepted)
    assert len({(row.bucket, row.key) for row in accepted}) == len(accepted)
    for row in accepted:
        assert len(row.labels) == survey.label_count
        assert set(row.labels) <= set(b"01")
        assert row.key.startswith("demo/")
    assert [row.line for row in found] == sorted({row.line for row in found})


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3)), st.sampled_from([b",", b"\t"]))
def test_what_is_written_is_read(rows: list[list[bool]], separator: bytes) -> None:
    lines = []
    for number, labels in enumerate(rows):
        joined = separator.join(b"%d" % label for label in labels)
        lines.append(b"%d\t%b\tp/%d.png\n" % (number, joined, number))
    if not lines:
        return
    stream = io.BytesIO(b"".join(lines))
    found = list(read_rows(stream, survey_list(stream), SOURCE))
    taken = [[byte == ord("1") for byte in row.labels] for row in found if isinstance(row, Row)]
    assert taken == rows


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 4)), min_size=1))
def test_last_wins_is_first_wins_of_the_list_from_its_end(
    rows: list[tuple[int, bool, int]],
) -> None:
    lines = [b"%d\t%d\tp/%d.png\n" % row for row in rows]

    def accepted(data: list[bytes], on_conflict: OnConflict) -> list[tuple[int, bytes, str]]:
        stream = io.BytesIO(b"".join(data))
        found = read_rows(stream, survey_list(stream), SOURCE, on_conflict)
        return [(row.id, row.labels, row.key) for row in found if isinstance(row, Row)]

    assert accepted(lines, "last_wins") == accepted(lines[::-1], "first_wins")[::-1]


FORMS = st.sampled_from([b"", b".", b".0", b".000000", b".0000000000000000000"])


@given(
    st.lists(st.booleans(), min_size=1, max_size=12),
    FORMS,
    st.sampled_from([b"\t", b",", b" \t ", b"\t ", b", "]),
    st.integers(0, 200),
    st.sampled_from([b"", b"0", b"1", b"2", b".", b"\t", b",", b" ", b"x"]),
)
def test_a_column_of_labels_is_taken_only_as_it_is_written(
    labels: list[bool], form: bytes, separator: bytes, at: int, change: bytes
) -> None:
    """The quick way through a row's labels agrees with a plain one, also where a byte is wrong."""
    column = separator.join(b"%d%b" % (label, form) for label in labels)
    at %= len(column)
    for written in (column, column[:at] + change + column[at + 1 :]):
        parser = RowParser(len(labels), SOURCE, joined=b"," in separator)
        found = parser.parse(Line(1, b"7\t" + written + b"\ta.png"))
        fields = [field.strip(b" ") for field in written.strip(b" ").split(separator.strip(b" "))]
        plain = all(re.fullmatch(rb"[01](\.0*)?", field) for field in fields)
        if len(fields) == len(labels) and plain:
            assert isinstance(found, Row)
            assert found.labels == b"".join(field[:1] for field in fields)
        else:
            assert isinstance(found, Reject)


@given(st.binary(max_size=300).map(lambda data: data.replace(b"\0", b"\n")))
def test_lines_are_those_of_split(data: bytes) -> None:
    whole = data.removeprefix(b"\xef\xbb\xbf")
    if data.startswith(b"\x1f\x8b"):
        return
    expected = [
        (number, line.rstrip())
        for number, line in enumerate(whole.split(b"\n"), start=1)
        if line.strip()
    ]
    assert [(line.number, line.text) for line in read_lines(io.BytesIO(data))] == expected


@given(st.lists(st.text("01", min_size=4, max_size=4), max_size=600))
def test_the_counter_counts(rows: list[str]) -> None:
    counter = LabelCounter(4)
    for labels in rows:
        counter.add(labels.encode())
    assert counter.positives() == [sum(row[i] == "1" for row in rows) for i in range(4)]
    assert counter.rows_without_label == rows.count("0000")


@pytest.mark.parametrize("rows", [254, 255, 256, 510, 511, 1000])
def test_the_counter_counts_beyond_a_byte(rows: int) -> None:
    counter = LabelCounter(3)
    for number in range(rows):
        counter.add(b"1%d0" % (number % 2))
    assert counter.positives() == [rows, rows // 2, 0]


@given(st.lists(st.integers(0, 120)), st.integers(1, 100), st.integers(1, 8))
def test_shards_cover_all_rows_and_are_full(sizes: list[int], most: int, rows: int) -> None:
    parts = list(cut(sizes, most, rows))
    assert [index for part in parts for index in part] == list(range(len(sizes)))
    for part in parts:
        assert 1 <= len(part) <= rows
        assert sum(sizes[i] for i in part) <= most or len(part) == 1
    for part, after in pairwise(parts):
        assert len(part) == rows or sum(sizes[part.start : after.start + 1]) > most


@given(st.sets(st.integers(0, 2**64 - 1), min_size=2), st.integers(0, 2**64 - 1), st.integers(0, 9))
def test_a_new_row_leaves_the_packing_order_of_others(ids: set[int], new: int, seed: int) -> None:
    order = sorted(ids, key=lambda number: packing_rank(number, seed))
    grown = sorted(ids | {new}, key=lambda number: packing_rank(number, seed))
    assert [number for number in grown if number in ids] == order


ROW = PlannedRow(
    line=1,
    id=7,
    path="a.png",
    bucket="data",
    key="demo/a.png",
    etag="etag",
    size=9,
    labels="010",
    split=Side.TRAIN,
)


@given(
    st.sampled_from(["bucket", "key", "etag", "labels"]),
    st.sampled_from(["011", "date", "demo/b.png", "etag2"]),
)
def test_any_change_of_a_row_changes_the_fingerprint(field: str, value: str) -> None:
    names, settings = ["a", "b", "c"], Settings()
    before = fingerprint(names, settings, [ROW])
    assert fingerprint(names, settings, [replace(ROW, **{field: value})]) != before
    assert fingerprint(names, settings, [replace(ROW, id=8)]) != before


KEY = st.text(
    st.sampled_from("ab/0\u0001 ~\u00e9\ud7ff\ue000\U0001f600\U0010ffff"), min_size=1, max_size=5
)


@given(st.sets(KEY, max_size=40), st.sets(KEY, min_size=1, max_size=20), st.integers(1, 4))
def test_the_inventory_agrees_with_the_bucket(there: set[str], wanted: set[str], page: int) -> None:
    bucket = Listing(there)
    found = take_inventory(Bucket(bucket, "b"), "", sorted(wanted), page)  # type: ignore[arg-type]
    assert set(found) == there & wanted
    assert all(found[key].etag == key for key in found)
    if not any("\U0010ffff" in key for key in there):
        assert bucket.calls <= len(wanted)


class Listing:
    """ListObjectsV2 over a set of keys, in UTF-8 order as S3 has it."""

    def __init__(self, keys: set[str]) -> None:
        self.keys = sorted(keys, key=str.encode)
        self.calls = 0

    def list_objects_v2(self, *, StartAfter: str, MaxKeys: int, **_: object) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        rest = [key for key in self.keys if key.encode() > StartAfter.encode()]
        contents = [{"Key": key, "ETag": f'"{key}"', "Size": 1} for key in rest[:MaxKeys]]
        return {"Contents": contents, "IsTruncated": len(rest) > MaxKeys}
