"""images.jsonl: one line an image, and nothing else is taken for one."""

import pytest

from tagline.imageindex import Indexed, read_index_line


def test_a_line_tells_of_an_image() -> None:
    assert read_index_line(b'{"image": "ab", "id": 7, "line": 3}\n') == Indexed("ab", 7, 3)


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"{}", b'{"image": "ab", "id": 7}'])
def test_another_line_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"no line of an index|Expecting"):
        read_index_line(line)
