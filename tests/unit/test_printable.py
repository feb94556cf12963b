"""Text of others on a terminal: what would move it is shown as an escape, the rest as it is."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from tagline.formats.printable import printable, printable_lines

ROOT = Path(__file__).parents[2]


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


EVIL = "x\x1b]0;owned\x07\x9b31m\u202e"


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "local", "--parent-pid", EVIL],
        ["-m", "local", f"--{EVIL}"],
        ["-m", "local", "--port", EVIL],
        ["-m", "local", "--port", "0", "--state-dir", EVIL],
        ["-m", "im2rec.files", EVIL, EVIL],
        ["-m", "im2rec.files", "a", ".", f"--{EVIL}"],
        ["-m", "im2rec.files", EVIL, "."],
        ["-m", "im2rec", "pack"],
        ["-m", "server", EVIL],
    ],
)
def test_what_programs_say_as_they_start(command: list[str], tmp_path: Path) -> None:
    (tmp_path / EVIL).mkdir()
    (tmp_path / EVIL / "theirs").touch()  # so that it is no state folder
    path = os.pathsep.join(map(str, (ROOT, ROOT / "containers")))
    environment = {"TAGLINE_BUCKET": "b", "TAGLINE_RUN": EVIL, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode
    assert "Traceback" not in done.stderr
    assert printable_lines(done.stderr + done.stdout) == done.stderr + done.stdout
