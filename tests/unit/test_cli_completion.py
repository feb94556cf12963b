"""Completion: commands, options, choices, and names from the cloud; by a real bash, too."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tagline.cli import completing
from tagline.cli.completing import complete
from tagline.cli.main import app
from tagline.cli.target import Target
from tests.unit.cli_stack import RUN, put, stack

__all__ = ["stack"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["con"], ["convert"]),
        (["convert", "--to", ""], ["coco", "csv", "list", "manifest"]),
        (["convert", "x.csv", "--mer"], ["--merge"]),
        (["convert", ""], []),  # files
        (["check", "x.lst", "--labels", ""], []),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["nothing", ""], []),
        (["im2"], ["im2rec"]),
    ],
)
def test_what_may_come_next(
    words: list[str], found: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    complete(words)
    assert capsys.readouterr().out.splitlines() == found


def test_datasets_and_runs_come_from_the_cloud_once(
    stack: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(stack, f"designs/runs/{RUN}/status.json", b"{}")
    put(stack, "logos/lists/a.lst", b"x")
    complete(["drop", "--wait", ""])
    assert capsys.readouterr().out.splitlines() == ["designs", "logos"]
    monkeypatch.setattr(completing, "_asked", pytest.fail)
    complete(["compare", RUN, "des"])
    assert capsys.readouterr().out.splitlines() == [RUN]
    complete(["show", RUN, ""])
    assert capsys.readouterr().out == ""


def test_without_a_cloud_nothing_is_completed(
    stack: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Target, "stack_outputs", lambda _self: {})
    complete(["show", ""])
    assert capsys.readouterr().out == ""


def test_bash_completes(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    program = tmp_path / "tagline"
    program.write_text(f'#!{bash}\nexec "{sys.executable}" -m tagline "$@"\n')
    program.chmod(0o755)
    script = CliRunner().invoke(app, ["completion", "bash"]).stdout
    typed = "COMP_WORDS=(tagline conv); COMP_CWORD=1"
    asked = f'{script}\n{typed}; _tagline {program}\necho "${{COMPREPLY[@]}}"'
    done = subprocess.run([bash, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "convert\n"
