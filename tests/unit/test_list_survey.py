"""The first look at a list: what is no list is said in one sentence."""

import bz2
import gzip
import io
import lzma
import random

import pytest

from tagline.formats.reasons import UnusableList
from tagline.listing import survey as first_look
from tagline.listing.list_file import check_names
from tagline.listing.survey import Survey, survey_list

LFS = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)
S3_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
    b"<Message>Access Denied</Message><RequestId>x</RequestId></Error>"
)


def look(data: bytes) -> Survey:
    return survey_list(io.BytesIO(data))


def test_counts_rows_and_labels() -> None:
    assert look(b"1\t0\t1\t0\ta.png\n\n2\t1\t1\t0\tb.png") == Survey(2, 3, 0)
    assert look(b"1\t1,0,0,1\ta,b.png\n") == Survey(1, 4, 0, joined=True)
    assert look(b"1\t1,0,0,0\ta,b.png\n") == Survey(1, 4, 0, joined=True, decimals=True)
    assert look(gzip.compress(b"\xef\xbb\xbf1\t1\ta.png\r\n")) == Survey(1, 1, 0)


def test_knows_a_header() -> None:
    assert look(b"id\tcat\tdog\tpath\n1\t0\t1\ta.png\n") == Survey(2, 2, 1)
    assert look(b"\nid\tlabels\tpath\n1\t0,1\ta.png\n").header_line == 2
    assert look(b"x1\t0\t1\ta.png\n1\t0\t1\tb.png\n").header_line == 0  # a bad id, no header
    assert look(b"x1\t0,1.0\ta,b.png\n1\t0,1\tb.png\n").header_line == 0
    assert look(b"-1\t0\t7\ta.png\n1\t0\t1\tb.png\n").header_line == 0


@pytest.mark.parametrize(
    "header",
    [
        b"index\t1980\t1990\tfilename",
        b"id\tnan\tinf\tpath",
        b"id\t0\t2\tpath",
        b"\tcat\tdog\tpath",
        b"# made by hand",
        b"#id\tlabels and path",
        b"id cat dog path",
        b"id,cat,dog,path",
    ],
)
def test_knows_every_header(header: bytes) -> None:
    assert look(header + b"\n1\t0\t1\ta.png\n2\t0\t1\tb.png\n") == Survey(3, 2, 1)


def test_a_broken_first_row_is_no_header() -> None:
    rows = b"1\t0\t1\ta.png\n2\t0\t1\tb.png\n3\t0\t1\tc.png\n"
    for line in (b"9 0 1 e.png\n", b"9\te.png\n", b"9\t0\t2\te.png\n"):
        assert look(line + rows) == Survey(4, 2, 0)


def test_one_odd_row_among_many_is_left_to_the_row() -> None:
    rows = b"1\t0\t1\ta\n" * 9 + b"1\t0\t1\t1\ta\n"
    assert look(rows).label_count == 2
    assert look(b"1\t0\t1\ta\n2\t0\t1\tb\n3\t0\tc\n").label_count == 2


@pytest.mark.parametrize("rows", [4, 5, 10, 11, 100])
def test_two_label_counts_in_most_rows(rows: int) -> None:
    data = b"".join(b"%d\t0\t1\t%sp%d\n" % (i, b"1\t" if i % 2 else b"", i) for i in range(rows))
    with pytest.raises(UnusableList, match="disagree on the number of labels") as caught:
        look(data)
    assert "have 2 (first: line 1)" in str(caught.value)
    assert "have 3 (first: line 2)" in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [
        b"%d\t1,0\t0,0\tp/%d.png\n",
        b"%d\t1,0\t0,0\t0,0\tp/%d.png\n",
        b"%d\t1,0\t0\tp/%d.png\n",
        b"%d \t 1,000000 \t 0,000000 \t /p/%d.png\r\n",
        b"%d\t1,000000\tp/%d.png\n",
        b"%d\t1,00,0,00\tp/%d.png\n",
    ],
)
def test_a_decimal_comma_is_named(row: bytes) -> None:
    data = b"".join(row % (n, n) for n in range(30))
    for head in (b"", b"id\tcat\tdog\tpath\n"):
        with pytest.raises(UnusableList, match="hold commas; a decimal comma"):
            look(head + data)


def test_rows_that_separate_labels_in_two_ways() -> None:
    tabs = b"".join(b"%d\t0\t1\tp%d\n" % (n, n) for n in range(12))
    commas = b"".join(b"%d\t0,1\tq%d\n" % (n, n) for n in range(100, 106))
    with pytest.raises(UnusableList, match="disagree on what separates labels") as caught:
        look(tabs + commas)
    assert "tabs in 12 of 18 rows (first: line 1), commas in 6 (first: line 13)" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty: the file has 0 bytes"),
        (b"\n \r\n\t\n", "empty: it has no rows"),
        (b"\xef\xbb\xbf", "the list is empty"),
        (b"1 0 1 a.png\n2 0 1 b.png\n", "separated by spaces"),
        (b"id,cat,path\n1,0,a.png\n", "separated by commas"),
        (b"1;0;a.png\n", "separated by semicolons"),
        (b"1\ta.png\n2\tb.png\n", "no labels"),
        (b"hello\nworld\n", "the lines are no rows"),
        (b"Dear all, here is\nthe list.\n", "the lines are no rows"),
        (b"id cat path\n1 0 a.png\n", "columns are separated by spaces"),
        (b"1\t0 1 0\ta.png\n2\t1 1 0\tb.png\n", "labels are separated by spaces"),
        (b"1\t0 1.0 0.5\ta b.png\n", "labels are separated by spaces"),
        (b"id\tlabels\tpath\n1\t0 1 0\ta.png\n", "labels are separated by spaces"),
        (b"1 0 1\ta.png\n2 1 1\tb.png\n", "columns are separated by spaces"),
        (b"1\t0 1 a.png\n2\t1 1 b.png\n", "columns are separated by spaces"),
        (b"1\t0,1 a.png\n2\t1,1 b.png\n", "columns are separated by spaces"),
        (b"1 0,1,0 a.png\n2 1,1,1 b.png\n", "columns are separated by spaces"),
        (b"1 0\t1\ta.png\n2 1\t1\tb.png\n", "labels are separated by spaces"),
        (b"id cat dog path\n1 0 1\ta.png\n", "columns are separated by spaces"),
        (b"id\tcat\tpath\n1 0 a.png\n2 1 b.png\n", "columns are separated by spaces"),
        (b"id\tcat\tpath\n1,0,a.png\n", "columns are separated by commas"),
        (b"1\t0\t1\t\n2\t1\t1\t\n3\t0\t0\t\n", "no path after the labels"),
        (b"1\t0,1\n2\t1,1\n3\t0,0\n", "no path after the labels"),
        (b" " * (1 << 21) + b"\nworld\n", "no label columns"),
        (b"1\t0\ta\r2\t0\tb\r", "end in CR alone"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG image"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"PK\x03\x04xx", "a ZIP archive"),
        (b'\n{"id": 1}\n', "JSON"),
        (b"[1, 2]", "JSON"),
        (b"<!doctype html>", r"^the file is a web page \(HTML\)"),
        (b"\xef\xbb\xbf\n<HTML lang=en>\n", "a web page"),
        (b"<!-- saved -->\n<html>", "a web page"),
        (b"<svg xmlns=''/>", "HTML or XML, not a list"),
        (LFS, "^the file is a Git LFS pointer, .*`git lfs pull`"),
        (S3_ERROR, r"^the file is S3's answer to a request that failed \(AccessDenied\)"),
        (b"<Error/>", "S3's answer to a request that failed;"),
        ("1\t0\ta".encode("utf-16"), "^the file is UTF-16 text; save it as UTF-8$"),
        (bz2.compress(b"1\t0\ta"), "^the file is bzip2 data; unpack it or use gzip$"),
        (lzma.compress(b"1\t0\ta"), "^the file is xz data; unpack it or use gzip$"),
        (b"\x28\xb5\x2f\xfd\x04", "^the file is zstd data; unpack it or use gzip$"),
        (b"\x0a\x23\xd7\xce\x00\x00\x00\x00", "RecordIO"),
        (random.Random(0).randbytes(5000), "binary data"),
        (gzip.compress(b"1\t0\ta.png\n" * 999, mtime=0)[:-9], "gzip data that ends early"),
        (gzip.compress(b"", mtime=0)[:6] + b"damage", "gzip data that"),
        (gzip.compress(bytes(1 << 22), mtime=0), "binary data"),
    ],
)
def test_says_what_is_no_list_in_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(UnusableList, match=sentence) as caught:
        look(data)
    assert "\n" not in str(caught.value)


def test_refuses_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_look, "MAX_ROWS", 3)
    assert look(b"1\t0\ta\n" * 3).rows == 3
    assert look(b"id\tcat\tpath\n" + b"1\t0\ta\n" * 3).rows == 4
    with pytest.raises(UnusableList, match="more than 3 rows"):
        look(b"1\t0\ta\n" * 4)


def test_names_and_labels_must_agree() -> None:
    survey = Survey(1260, 50, 0)
    check_names(survey, ["x"] * 50, list)
    check_names(survey, None, list)
    with pytest.raises(UnusableList, match="49 names, but the list's rows have 50 labels"):
        check_names(survey, ["x"] * 49, list)


def test_labels_that_may_be_decimals_need_names_or_a_row_that_tells() -> None:
    survey = Survey(1260, 4, 0, joined=True, decimals=True)
    with pytest.raises(UnusableList, match="2 with a decimal comma, or 4 of which every second"):
        check_names(survey, None, lambda: [7, 0, 8, 0])
    check_names(survey, None, lambda: [7, 0, 8, 1])
    check_names(survey, ["x"] * 4, list)
