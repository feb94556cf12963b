"""labels.txt: one name a line, in column order."""

import pytest

from tagline.listing.label_names import default_label_names, parse_label_names
from tagline.settings import InvalidSettings
from tests.unit.test_list_survey import LFS, S3_ERROR


def test_reads_names_in_order() -> None:
    expected = ("heart", "word art", "Blüte")
    assert parse_label_names("heart\nword art\nBlüte".encode()) == expected
    assert parse_label_names("\ufeffheart \r\nword art\r\n Blüte\r\n\r\n".encode()) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "labels.txt is empty"),
        (b"\n \n", "labels.txt is empty"),
        (b"a\n\nb\n", "line 2: the name is empty"),
        (b"a\nb\na\n", "line 3: 'a' was named before, in line 1"),
        (b"a\nb\x00\n", "line 2: the name holds a control character"),
        (b"a\nb\xc2\x9b31m\n", r"line 2: the name holds a control character \(U\+009B\)"),
        ("a\n\u202eb\n".encode(), r"control character \(U\+202E\)"),
        ("a\nb\u2066\n".encode(), r"control character \(U\+2066\)"),
        ("a\nb\u2028c\n".encode(), r"control character \(U\+2028\)"),
        (b"a\tb\n", "line 1: the name holds a control character"),
        (b"ok\n\xff\n", "line 2: not valid UTF-8"),
        (b"\n\xff\n", "line 2: not valid UTF-8"),
        (b"x" * 129, "line 1: a name has at most 128 characters"),
        (b"a\n" * (3 << 20), "larger than 4 MiB"),
        (LFS, "labels.txt is a Git LFS pointer"),
        (S3_ERROR, r"labels.txt is S3's answer to a request that failed \(AccessDenied\)"),
        (b"<!DOCTYPE html><title>Sign in</title>", r"labels.txt is a web page \(HTML\)"),
        (b"\x1f\x8b\x08\x00", "labels.txt is gzip data"),
        ("a\nb".encode("utf-16"), "labels.txt is UTF-16 text; save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n", "labels.txt is a PNG image, not names of labels"),
    ],
)
def test_refuses_with_the_line(data: bytes, message: str) -> None:
    with pytest.raises(InvalidSettings, match=message):
        parse_label_names(data)


def test_takes_as_much_as_the_limits_allow() -> None:
    assert parse_label_names(b"x" * 128) == ("x" * 128,)
    many = b"".join(b"%07d\n" % number for number in range(1 << 19))
    assert len(many) == 4 * 1024 * 1024
    assert len(parse_label_names(many)) == 1 << 19
    with pytest.raises(InvalidSettings, match="larger than 4 MiB"):
        parse_label_names(many + b"\n")


def test_names_may_begin_like_other_files() -> None:
    assert parse_label_names(b"<3\nPAR1\n[x]\nBZh\n") == ("<3", "PAR1", "[x]", "BZh")
    assert parse_label_names(b"RIFF\n{curly}\n") == ("RIFF", "{curly}")


def test_numbers_labels_without_names() -> None:
    assert default_label_names(2) == ("label_001", "label_002")
    assert default_label_names(1000)[0] == "label_0001"


def test_names_that_nobody_can_tell_apart_are_one() -> None:
    with pytest.raises(InvalidSettings, match=r"line 2: .* was named before, in line 1"):
        parse_label_names("caf\u00e9\ncafe\u0301\n".encode())
    with pytest.raises(InvalidSettings, match=r"line 2: .*U\+FEFF"):  # two files in one
        parse_label_names("\ufeffred\n\ufeffblue\n".encode())
    assert len(parse_label_names(b"Red\nred\n")) == 2
