"""Rows of a list: every accepted form, and every reason the list alone can give."""

import io
import json

import pytest

from tagline.formats.document import encode_record
from tagline.formats.reasons import MEANING, Reason
from tagline.formats.rows import Reject
from tagline.formats.settings import OnConflict
from tagline.listing.list_file import read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list

SOURCE = Source.of_dataset("demo", "data", None, {"pictures"})
GOOD = b"1\t0\t1\t0\ta.png\n2\t1\t0\t0\tb.png\n3\t0\t0\t1\tc.png\n4\t0\t0\t0\td.png\n"
JOINED = b"1\t0,1,0\ta.png\n2\t1,0,0\tb.png\n3\t0,0,1\tc.png\n4\t0,0,0\td.png\n"


def rows(data: bytes) -> list[Row | Reject]:
    stream = io.BytesIO(data)
    return list(read_rows(stream, survey_list(stream), SOURCE))


def last(line: bytes) -> Row | Reject:
    return rows(GOOD + line)[-1]


@pytest.mark.parametrize(
    "line",
    [
        b"51628\t0\t1\t1\tasset/n.png",
        b"51628\t0\t1\t1\tasset/n.png\n",
        b"51628\t0\t1\t1\tasset/n.png\r\n",
        b"51628 \t 0\t1\t1 \t /asset/n.png \r\n",
        b"51628\t0 \t 1\t 1\t/asset/n.png\n",
        b"51628\t0.000000\t1.000000\t1.0\tasset/n.png\n",
        b"051628\t0.\t1.000000000000\t1\tasset/n.png\n",
        b"51628\t0\t1\t1\ts3://data/demo/asset/n.png\n",
        b"51628\t0\t1\t1\tasset/n.png\t\n",
        b"51628\t0\t1\t1\tasset/n.png \t\t \r\r\n",
        b"0" * 59 + b"51628\t0\t1\t1\tasset/n.png\n",
    ],
)
def test_accepts_every_form_in_use(line: bytes) -> None:
    row = last(line)
    assert isinstance(row, Row)
    assert (row.line, row.id, row.labels) == (5, 51628, b"011")
    assert (row.bucket, row.key) == ("data", "demo/asset/n.png")


@pytest.mark.parametrize(
    "line",
    [
        b"51628\t0,1,1\t/asset/n.png\n",
        b"51628 \t 0, 1, 1 \t/asset/n.png\n",
        b"51628\t0.000000,1.000000,1.0\tasset/n.png\n",
        b"51628\t0,1,1\tasset/n.png\t\n",
    ],
)
def test_accepts_a_list_whose_labels_are_joined_by_commas(line: bytes) -> None:
    row = rows(JOINED + line)[-1]
    assert isinstance(row, Row)
    assert (row.line, row.id, row.labels) == (5, 51628, b"011")


def test_takes_paths_as_they_are() -> None:
    for path in ("ä ö/é.png", "a%20b+c.png", "a,b.png", "e\u0301.png", "x" * 1019):
        row = last(f"9\t0\t0\t1\t{path}".encode())
        assert isinstance(row, Row)
        assert row.key == "demo/" + path
    other = last(b"9\t0\t0\t1\ts3://pictures/x/y.png")
    assert isinstance(other, Row)
    assert (other.bucket, other.key) == ("pictures", "x/y.png")
    largest = last(b"%d\t0\t0\t1\tz.png" % (2**64 - 1))
    assert isinstance(largest, Row)
    assert largest.id == 2**64 - 1


REJECTS = [
    (Reason.WRONG_LABEL_COUNT, b"9\t0\t1\te.png", "2 label(s), expected 3"),
    (Reason.WRONG_LABEL_COUNT, b"9\t0\t1\t1\t0\te.png", "4 label(s), expected 3"),
    (Reason.WRONG_LABEL_COUNT, b"9\t0,1\te.png", "2 label(s), expected 3"),
    (Reason.WRONG_LABEL_COUNT, b"9\t0 1 1\te.png", "1 label(s), expected 3"),
    (Reason.WRONG_LABEL_COUNT, b"9\te.png", "1 tab(s)"),
    (Reason.WRONG_LABEL_COUNT, b"9 0 1 1 e.png", "0 tab(s)"),
    (Reason.BAD_LABEL, b"9\t0\t2\t1\te.png", "label 2 is '2'"),
    (Reason.BAD_LABEL, b"9\t0\t1,0\t1\te.png", "label 2 is '1,0': tabs and commas are mixed"),
    (Reason.BAD_LABEL, b"9\t0\t1,0\te.png", "label 2 is '1,0': tabs and commas are mixed"),
    (Reason.BAD_LABEL, b"9\t1,000000\t0\t0,000000\te.png", "a decimal comma?"),
    (Reason.BAD_LABEL, b"9\t0,1,1\te.png", "separated by commas, in most other rows by tabs"),
    (Reason.BAD_LABEL, b"9\t0\t0.5\t1\te.png", "label 2 is '0.5'"),
    (Reason.BAD_LABEL, b"9\t0\t-1\t1\te.png", "label 2 is '-1'"),
    (Reason.BAD_LABEL, b"9\tnan\t0\t1\te.png", "label 1 is 'nan'"),
    (Reason.BAD_LABEL, b"9\t0\t0\tinf\te.png", "label 3 is 'inf'"),
    (Reason.BAD_LABEL, b"9\t0\t1e0\t1\te.png", "label 2 is '1e0'"),
    (Reason.BAD_LABEL, b"9\t0\ttrue\t1\te.png", "label 2 is 'true'"),
    (Reason.BAD_LABEL, b"9\t0\t\t1\te.png", "label 2 is ''"),
    (Reason.BAD_LABEL, b'9\t"0"\t0\t1\te.png', "label 1 is '\"0\"'"),
    (Reason.BAD_LABEL, b"9\t0\x000\t0\t1\te.png", "label 1 is"),
    (Reason.BAD_ID, b"-9\t0\t1\t1\te.png", "'-9'"),
    (Reason.BAD_ID, b"9.0\t0\t1\t1\te.png", "'9.0'"),
    (Reason.BAD_ID, b"x\t0\t1\t1\te.png", "'x'"),
    (Reason.BAD_ID, b"\t0\t1\t1\te.png", "''"),
    (Reason.BAD_ID, b"1_0\t0\t1\t1\te.png", "'1_0'"),
    (Reason.BAD_ID, b"%d\t0\t1\t1\te.png" % 2**64, "18446744073709551616"),
    (Reason.BAD_ID, b"0" * 64 + b"9\t0\t1\t1\te.png", "'000"),
    (Reason.BAD_ID, b"9" * 64 + b"\t0\t1\t1\te.png", "999"),
    (Reason.BAD_ID, b"9" * 5000 + b"\t0\t1\t1\te.png", "999…"),
    (Reason.DUPLICATE_ID, b"3\t0\t1\t1\te.png", "the id 3"),
    (Reason.DUPLICATE_ID, b"003\t0\t1\t1\te.png", "the id 3"),
    (
        Reason.DUPLICATE_PATH,
        b"9\t1\t0\t0\t/b.png",
        "line 2 has the same image with the same labels",
    ),
    (
        Reason.CONFLICTING_LABELS,
        b"9\t1\t0\t1\tb.png",
        "line 2 has the same image with other labels",
    ),
    (Reason.CONFLICTING_LABELS, b"9\t1\t0\t1\ts3://data/demo/b.png", "line 2 has the same"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\t", "the path is empty"),
    (Reason.BAD_PATH, b"9\t0\t1\t1", "the path is empty"),
    (Reason.BAD_PATH, b"9\t0, 1.0,1 \t", "the path is empty"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\t /", "the path names no file"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\tfolder/", "the path names no file"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\t../e.png", "'..'"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\ta/../../e.png", "'..'"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\ts3://pictures/../e.png", "'..'"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\te\x00.png", "U+0000"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\te\r.png", "U+000D"),
    (Reason.BAD_PATH, "9\t0\t1\t1\te\x85.png".encode(), "U+0085"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\t" + b"x" * 1020, "1025 bytes"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\tfile:///etc/hostname", "a URI is s3://"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\thttps://x.org/e.png", "a URI is s3://"),
    (Reason.BAD_PATH, b"9\t0\t1\t1\ts3://", "a URI is s3://"),
    (Reason.NOT_ALLOWED_BUCKET, b"9\t0\t1\t1\ts3://elsewhere/e.png", "bucket elsewhere"),
    (Reason.NOT_ALLOWED_BUCKET, b"9\t0\t1\t1\ts3://data/other/e.png", "bucket data"),
    (Reason.BAD_ENCODING, b"9\t0\t1\t1\t\xff.png", "UTF-8"),
    (Reason.BAD_ENCODING, b"\xff9\t0\t1\t1\te.png", "UTF-8"),
    (Reason.BAD_ENCODING, b"9\t0\t\xc3\t1\te.png", "UTF-8"),
    (Reason.LINE_TOO_LONG, b"9\t" + b"0\t" * (1 << 20), "longer than 1 MiB"),
]


@pytest.mark.parametrize(("reason", "line", "detail"), REJECTS)
def test_rejects_with_line_reason_and_detail(reason: Reason, line: bytes, detail: str) -> None:
    reject = last(line + b"\n")
    assert isinstance(reject, Reject)
    assert reject.reason is reason
    assert reject.line == 5
    assert detail in reject.detail
    assert set(json.loads(encode_record(reject))) == {"line", "id", "path", "reason", "detail"}


def test_among_joined_labels_tabs_are_the_odd_ones() -> None:
    odd, mixed = rows(JOINED + JOINED + b"8\t0\t1\t1\te.png\n9\t0,1\t1\tf.png\n")[-2:]
    assert isinstance(odd, Reject)
    assert (odd.reason, odd.detail) == (
        Reason.BAD_LABEL,
        "labels are separated by tabs, in most other rows by commas",
    )
    assert isinstance(mixed, Reject)
    assert "label 1 is '0,1': tabs and commas are mixed" in mixed.detail


@pytest.mark.parametrize(("labels", "shared"), [(b"1\t0\t0", "the same"), (b"1\t0\t1", "other")])
def test_the_row_that_counts_is_named(labels: bytes, shared: str) -> None:
    reject = last(b"9\t" + labels + b"\tb.png\n")
    assert isinstance(reject, Reject)
    assert reject.detail == f"line 2 has the same image with {shared} labels"


def test_every_reason_of_the_list_has_an_example() -> None:
    of_the_list = [reason for reason in Reason if reason is not Reason.HEADER_ROW]
    of_the_list = of_the_list[: of_the_list.index(Reason.MISSING_OBJECT)]
    of_one_label = {Reason.BAD_CLASS, Reason.NOT_ONE_LABEL}  # test_list_classes.py
    assert {reason for reason, _, _ in REJECTS} | of_one_label == set(of_the_list)
    assert set(MEANING) == set(Reason)


def test_a_header_is_one_reject() -> None:
    found = rows(b"id\tcat\tdog\tbird\tpath\n" + GOOD)
    assert [row.reason for row in found if isinstance(row, Reject)] == [Reason.HEADER_ROW]
    assert len(found) == 5


def test_a_rejected_row_takes_neither_id_nor_image() -> None:
    found = rows(GOOD + b"9\t2\t0\t0\te.png\n9\t1\t0\t0\te.png\n")
    assert isinstance(found[-2], Reject)
    assert isinstance(found[-1], Row)


def test_ids_need_not_rise() -> None:
    found = rows(b"5\t1\ta\n3\t1\tb\n9\t1\tc\n3\t1\td\n5\t1\te\n4\t1\tf\n")
    assert [isinstance(row, Row) for row in found] == [True, True, True, False, False, True]


def test_a_reject_shows_the_id_and_path_it_has() -> None:
    reject = last(b"9\t7\t0\t0\te.png")
    assert isinstance(reject, Reject)
    assert (reject.id, reject.path) == (9, "e.png")
    assert reject.detail == "label 1 is '7', expected 0 or 1"
    bare = last(b"lost")
    assert isinstance(bare, Reject)
    assert (bare.id, bare.path) == ("lost", None)


CORRECTED = (
    b"1\t0\t1\ta.png\n2\t1\t0\tb.png\n3\t0\t0\tc.png\n4\t0\t0\td.png\n"
    b"1\t1\t1\ta.png\n9\t0\t1\tb.png\n3\t0\t0\tc.png\n8\t0\t0\t/d.png\n5\t1\t1\te.png\n"
)


def judged(data: bytes, on_conflict: OnConflict) -> tuple[list[str], int]:
    """Return each row's labels, or its reason and detail; and how many contradict."""
    stream = io.BytesIO(data)
    found = read_rows(stream, survey_list(stream), SOURCE, on_conflict)
    said = [
        row.labels.decode() if isinstance(row, Row) else f"{row.reason}: {row.detail}"
        for row in found
    ]
    return said, found.contradicting


def test_the_first_row_of_an_image_or_id_counts() -> None:
    assert judged(CORRECTED, "first_wins") == (
        [
            *("01", "10", "00", "00"),
            "duplicate_id: an earlier row has the id 1",
            "conflicting_labels: line 2 has the same image with other labels",
            "duplicate_id: an earlier row has the id 3",
            "duplicate_path: line 4 has the same image with the same labels",
            "11",
        ],
        2,
    )


def test_the_last_row_of_an_image_or_id_counts_where_it_shall() -> None:
    assert judged(CORRECTED, "last_wins") == (
        [
            "duplicate_id: a later row has the id 1",
            "conflicting_labels: line 6 has the same image with other labels",
            "duplicate_id: a later row has the id 3",
            "duplicate_path: line 8 has the same image with the same labels",
            *("11", "01", "00", "00", "11"),
        ],
        2,
    )


def test_the_last_well_formed_row_counts() -> None:
    data = b"1\t0\t1\ta.png\n2\t1\t0\tb.png\n1\t1\t1\ta.png\n1\t1\t7\ta.png\n"
    said, contradicting = judged(data, "last_wins")
    assert said[1:3] == ["10", "11"]
    assert said[3].startswith("bad_label")
    assert contradicting == 1


def test_an_id_that_names_two_images_contradicts() -> None:
    data = b"1\t0\t1\ta.png\n2\t1\t0\tb.png\n1\t0\t1\tc.png\n"
    assert judged(data, "first_wins")[1] == judged(data, "last_wins")[1] == 1
