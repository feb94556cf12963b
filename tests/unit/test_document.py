"""Documents as they stand in files: their exact bytes, and what is said of one that is wrong."""

import re
from typing import Any, ClassVar

import pytest

from tagline.formats.document import (
    Document,
    NewerFormat,
    Record,
    UnreadableDocument,
    convert,
    decode,
    decode_array,
    decode_lines,
    decode_record,
    encode,
    encode_record,
)


class Part(Record):
    name: str
    size: int = 0


class Whole(Document, kw_only=True):
    FORMAT: ClassVar[int] = 2
    parts: tuple[Part, ...]


WHOLE = Whole(format=2, parts=(Part(name="ä"),))
TEXT = """{
 "format": 2,
 "parts": [
  {
   "name": "ä",
   "size": 0
  }
 ]
}
"""


def test_a_file_has_a_key_a_line_and_a_line_of_json_ends() -> None:
    assert encode(WHOLE) == TEXT.encode()
    assert decode(TEXT.encode(), Whole, "x") == WHOLE
    assert encode([Part(name="a")]).endswith(b'"size": 0\n }\n]\n')
    assert encode_record(Part(name="ä")) == '{"name":"ä","size":0}\n'.encode()


@pytest.mark.parametrize("made", [Part(name="a"), WHOLE])
def test_what_was_made_stays_as_it_is(made: Any) -> None:
    with pytest.raises(AttributeError, match="immutable"):
        made.format = made.name = 7


def test_the_number_of_a_format_is_given_by_its_name_alone() -> None:
    kind: Any = Document
    with pytest.raises(TypeError, match="positional"):
        kind(2)


@pytest.mark.parametrize(("number", "read"), [(None, 1), (1, 1), (2, 2)])
def test_formats_up_to_todays_are_read(number: int | None, read: int) -> None:
    stated = "" if number is None else f'"format": {number}, '
    assert decode(f'{{{stated}"parts": []}}'.encode(), Whole, "x").format == read


@pytest.mark.parametrize("number", [0, 3])
def test_another_format_is_refused_whatever_else_is_in_it(number: int) -> None:
    told = f"x is of format {number}, and this version of Tagline reads 1 to 2: update Tagline"
    with pytest.raises(NewerFormat, match=f"^{told}$"):
        decode(b'{"parts": 7, "format": %d}' % number, Whole, "x")


PARTS = "s3://a/b: parts[1].name: Expected `str`, got `int`"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'{"parts": [{"name": "a"}, {"name": 1}]}', PARTS),
        (b"{}", "s3://a/b: Object missing required field `parts`"),
        (b'"a"', "s3://a/b: Expected `object`, got `str`"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(data: bytes, told: str) -> None:
    with pytest.raises(UnreadableDocument, match=f"^{re.escape(told)}$"):
        decode(data, Whole, "s3://a/b")


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"parts": [{"name": "\xff"}]}', b'{"a": ' + b"[" * 100_000]
)
def test_what_is_no_json_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match=r"^s3://a/b is not JSON: ."):
        decode(data, Whole, "s3://a/b")


def test_lines_arrays_and_plain_values_are_checked_alike() -> None:
    part = Part(name="a", size=3)
    lines = [encode_record(part), b'{"name": "b", "size": "c"}']
    found = decode_lines(lines, Part, "x.jsonl")
    assert next(found) == decode_record(lines[0], Part, "x") == part
    with pytest.raises(UnreadableDocument, match=r"^x\.jsonl, line 2: size: Expected `int`, got"):
        next(found)
    assert decode_array(encode([part]), Part, "x") == [part]
    assert convert({"name": "a", "size": 3}, Part, "x") == part
    with pytest.raises(UnreadableDocument, match=r"^the event: size: Expected `int`, got `str`$"):
        convert({"name": "a", "size": "3"}, Part, "the event")
