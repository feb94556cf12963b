"""Lines of a list: numbered, bounded, whatever the file's size or packing."""

import gzip
import io
import tracemalloc
import zlib

import pytest

from tagline.formats.list_lines import MAX_LINE_BYTES, Line, read_lines, read_start
from tagline.formats.reasons import UnusableList


def lines(data: bytes) -> list[Line]:
    return list(read_lines(io.BytesIO(data)))


def test_numbers_lines_and_leaves_out_blank_ones() -> None:
    assert lines(b"a\n\n \t\nb\r\n\r\nc") == [Line(1, b"a"), Line(4, b"b"), Line(6, b"c")]


def test_leaves_out_blanks_and_carriage_returns_at_the_end() -> None:
    data = b"1\t0\ta\t\n2\t0\tb \t \r\n3\t0\tc\r\r\n \t4\t0\td\t\r"
    assert [line.text for line in lines(data)] == [
        b"1\t0\ta",
        b"2\t0\tb",
        b"3\t0\tc",
        b" \t4\t0\td",
    ]


def test_undoes_gzip_of_several_members() -> None:
    packed = gzip.compress(b"a\nb") + gzip.compress(b"c\nd\n")
    assert lines(packed) == [Line(1, b"a"), Line(2, b"bc"), Line(3, b"d")]
    assert read_start(io.BytesIO(packed), 4) == b"a\nbc"


@pytest.mark.parametrize("zeros", [1, 1000, 1 << 20])
def test_passes_over_zeros_after_a_gzip_member(zeros: int) -> None:
    packed = gzip.compress(b"a\n") + bytes(zeros)
    assert lines(packed) == [Line(1, b"a")]
    assert lines(packed + gzip.compress(b"b\n")) == [Line(1, b"a"), Line(2, b"b")]


def test_other_bytes_after_a_gzip_member_are_damage() -> None:
    for rest, fault in ((b"~", "ends early"), (b"\0~" * 20, "damaged")):
        with pytest.raises(UnusableList, match=fault):
            lines(gzip.compress(b"a\n") + rest)


@pytest.mark.parametrize("size", [0, 1, 1 << 18, (1 << 18) + 1, 1 << 19, 700_000])
def test_reads_of_a_start_what_it_needs_and_no_more(size: int) -> None:
    stream = io.BytesIO(bytes(range(256)) * 2400)
    assert read_start(stream, size) == stream.getvalue()[:size]
    assert stream.tell() <= max(1, -(-size >> 18)) + 1 << 18


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_removes_a_bom_that_comes_in_pieces(cut: int) -> None:
    data = b"\xef\xbb\xbfa\nb"
    assert lines(gzip.compress(data[:cut]) + gzip.compress(data[cut:])) == lines(b"a\nb")
    assert lines(data[:cut]) == ([] if cut in {0, 3} else [Line(1, data[:cut])])


@pytest.mark.parametrize("size", [MAX_LINE_BYTES + 1, 3 * MAX_LINE_BYTES + 7])
def test_cuts_an_overlong_line_and_goes_on(size: int) -> None:
    found = lines(b"a\n" + b"x" * size + b"\nb\n" + b"y" * size)
    assert [(line.number, line.cut) for line in found] == [
        (1, False),
        (2, True),
        (3, False),
        (4, True),
    ]
    assert all(len(line.text) <= MAX_LINE_BYTES for line in found)
    assert lines(b"x" * MAX_LINE_BYTES + b"\n") == [Line(1, b"x" * MAX_LINE_BYTES)]


def test_a_bomb_costs_little_memory() -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
    tracemalloc.start()
    try:
        found = lines(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [(line.number, line.cut) for line in found] == [(1, True)]
    assert peak < 8 << 20


def test_refuses_a_list_that_is_longer_than_it_may_be() -> None:
    with pytest.raises(UnusableList, match="larger than"):
        list(read_lines(io.BytesIO(gzip.compress(b"1\t0\ta.png\n" * 200_000)), 1 << 20))
