"""Text of others on a terminal: what would move it is shown as an escape, the rest as it is."""

import sys
import unicodedata

import pytest

from tagline.formats.printable import printable


@pytest.mark.parametrize(
    "text", ["images/1.png", "größe ñ 猫", "a\u00a0b\u3000c\u202fd", "👩\u200d🎨"]
)
def test_what_people_name_files_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.a", "\\u202egnp.a"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_moves_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_no_control_character_and_no_change_of_direction_passes() -> None:
    for code in range(sys.maxunicode + 1):
        one = chr(code)
        moves = unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} or unicodedata.bidirectional(
            one
        ) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        if moves:
            assert one not in printable(one), hex(code)
