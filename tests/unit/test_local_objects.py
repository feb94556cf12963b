"""The laptop cloud's objects: keys in order, bodies in files, bodies in chunks."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.chunked_bodies import BrokenChunks, unchunk
from local.object_bodies import FileBody, Joined
from local.object_listing import Keys, page

KEYS = st.lists(st.text("ab/\U0010ffff", min_size=1, max_size=6), max_size=20)


def expected(
    keys: set[str], prefix: str, delimiter: str, most: int, after: str
) -> tuple[list[str], list[str], bool, str]:
    """Return what S3 answers, made from all keys each time."""
    rows: dict[str, bool] = {}
    for key in sorted(key for key in keys if key.startswith(prefix)):
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        rows[key if end < 0 else key[: end + len(delimiter)]] = end >= 0
    left = [row for row in sorted(rows) if row > after]
    shown = left[:most]
    return (
        [row for row in shown if not rows[row]],
        [row for row in shown if rows[row]],
        len(left) > most,
        shown[-1] if shown else "",
    )


@given(
    KEYS, KEYS, st.text("ab/", max_size=2), st.sampled_from(["", "/", "a"]), st.integers(0, 4),
    st.text("ab/\U0010ffff", max_size=3),
)  # fmt: skip
def test_a_page_is_what_sorting_all_keys_gives(
    first: list[str], later: list[str], prefix: str, delimiter: str, most: int, after: str
) -> None:
    keys = Keys(dict.fromkeys(first, 1))
    assert page(keys, prefix, delimiter, most, after) == expected(
        set(first), prefix, delimiter, most, after
    )
    for key in later:
        keys[key] = 1
    for key in first[::2]:
        keys.pop(key, None)
    assert page(keys, prefix, delimiter, most, after) == expected(
        set(keys), prefix, delimiter, most, after
    )


@given(st.binary(max_size=50), st.integers(0, 50), st.integers(0, 50))
def test_a_part_of_a_file_is_what_it_is_of_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, start: int, stop: int
) -> None:
    folder = tmp_path_factory.mktemp("bodies")
    (folder / "whole").write_bytes(data)
    part = FileBody(folder / "whole")[start:stop]
    assert part.whole() == data[start:stop]
    assert bytes(part) == data[start:stop]
    Joined([part, FileBody(folder / "whole"), part]).place(folder / "joined")
    assert (folder / "joined").read_bytes() == data[start:stop] + data + data[start:stop]


def test_a_body_that_is_opened_outlives_its_name(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"former")
    body = FileBody(file).opened()
    (tmp_path / "b").write_bytes(b"later!")
    (tmp_path / "b").replace(file)
    assert body[2:].whole() == b"rmer"


def test_chunks_become_their_content(tmp_path: Path) -> None:
    source = tmp_path / "source"
    end = b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    source.write_bytes(b"3;chunk-signature=0\r\nabc\r\n2\r\nde\r\n" + end)
    body, found = unchunk(source, tmp_path / "target")
    assert (body.whole(), found) == (b"abcde", end)


@pytest.mark.parametrize(
    "sent", [b"", b"3\r\nab", b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nabc\r\n", b"-3\r\nabc\r\n0\r\n\r\n"]
)
def test_chunks_that_are_cut_short_are_refused(tmp_path: Path, sent: Any) -> None:
    source = tmp_path / "source"
    source.write_bytes(sent)
    with pytest.raises(BrokenChunks):
        unchunk(source, tmp_path / "target")
