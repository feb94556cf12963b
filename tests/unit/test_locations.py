"""s3:// URIs and keys: what is one, and what is wrong with what is none."""

import pytest

from tagline.formats.locations import Location, fault_of_key, parse_uri, plain_etag


def test_a_location_is_written_as_it_is_read() -> None:
    assert Location("data", "a b/ü.png").uri == "s3://data/a b/ü.png"
    assert Location("data", "").uri == "s3://data/"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("s3://data/a/b.png", Location("data", "a/b.png")),
        ("s3://data/a\nb", Location("data", "a\nb")),
        ("s3://data//a", Location("data", "/a")),
        ("s3://data/", Location("data", "")),
        ("s3://data", Location("data", "")),
        ("s3://a.b-c/x", Location("a.b-c", "x")),
        ("s3://abc/x", Location("abc", "x")),
        (f"s3://{'a' * 63}/x", Location("a" * 63, "x")),
        ("s3://ab/x", None),
        (f"s3://{'a' * 64}/x", None),
        ("s3://-abc/x", None),
        ("s3://abc-/x", None),
        ("s3://Abc/x", None),
        ("s3:///x", None),
        ("http://data/x", None),
        ("data/x", None),
    ],
)
def test_a_uri_names_a_bucket_and_a_key(text: str, found: Location | None) -> None:
    assert parse_uri(text) == found


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("", None),
        ("a b~/\u00a0ü.png", None),
        ("a\x1fb\0", "holds a control character (U+001F)"),
        ("a\tb", "holds a control character (U+0009)"),
        ("a\x7f", "holds a control character (U+007F)"),
        ("ü\x80", "holds a control character (U+0080)"),
        ("ü\x9f", "holds a control character (U+009F)"),
        ("../a", "holds '..'"),
        ("a/..", "holds '..'"),
        ("a/../b", "holds '..'"),
        ("a..b/...", None),
        ("x" * 1024, None),
        ("x" * 1025, "is 1025 bytes long; S3 takes 1024"),
        ("ü" * 512, None),
        ("ü" * 512 + "x", "is 1025 bytes long; S3 takes 1024"),
        ("\U0001f600" * 256, None),
        ("\U0001f600" * 256 + "x", "is 1025 bytes long; S3 takes 1024"),
    ],
)
def test_what_is_wrong_with_a_key(key: str, fault: str | None) -> None:
    assert fault_of_key(key) == fault


def test_an_etag_loses_its_quotes_alone() -> None:
    assert [plain_etag(etag) for etag in ('"a-2"', "a-2", '"~a~"')] == ["a-2", "a-2", "~a~"]
