"""What a command loads before it works: nothing that it does not use."""

import inspect
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from tagline.cli.commands import COMMANDS
from tagline.cli.environments import ROOT
from tagline.cli.main import app

HEAVY = {"boto3", "botocore", "PIL", "numpy", "rich", "msgspec", "yaml"}
_ROW = "1\t0\t1\ta.png\n2\t1\t0\tb.png\n"
# ends as the command does; execve would take the list of modules with it
_PROGRAM = """
import json, os, sys
from importlib.metadata import entry_points

def become(*_): sys.exit(0)

os.execve = become
try:
    next(iter(entry_points(group="console_scripts", name="tagline"))).load()()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize("argument", ["-h", "--help", "--version"])
def test_the_help_loads_no_command(argument: str) -> None:
    assert not loaded(argument) & HEAVY


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_loads_nothing_of_its_work(name: str) -> None:
    assert not loaded(name, "--help") & HEAVY


def test_checking_a_list_loads_no_cloud_and_no_drawing(tmp_path: Path) -> None:
    path = tmp_path / "set.lst"
    path.write_text(_ROW)
    assert not loaded("check", str(path)) & {"boto3", "botocore", "PIL", "numpy"}


def test_packing_loads_nothing_but_the_way_there(tmp_path: Path) -> None:
    assert not loaded("im2rec", str(tmp_path / "set"), str(tmp_path)) & (HEAVY | {"typer"})


@pytest.mark.parametrize(
    ("module", "unused"),
    [
        ("im2rec.files.__main__", {"numpy", "cv2", "msgspec"}),  # makes lists, says its usage
        ("im2rec.files.packing", {"boto3", "botocore", "PIL", "yaml", "typer", "rich"}),
    ],
)
def test_the_packing_itself_loads_what_it_uses(module: str, unused: set[str]) -> None:
    program = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'containers'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert module in json.loads(done.stdout)
    assert not {name.partition(".")[0] for name in json.loads(done.stdout)} & unused


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_does_what_is_declared(name: str) -> None:
    work = COMMANDS[name].__name__
    done = inspect.signature(getattr(import_module(f"tagline.cli.{work}"), work))
    declared = inspect.signature(COMMANDS[name])
    assert list(done.parameters) == list(declared.parameters)
    assert all(each.default is each.empty for each in done.parameters.values())


def test_the_help_lists_every_command_with_its_whole_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tagline", "--help"], capture_output=True, text=True, check=True
    )
    said = " ".join(done.stdout.split())
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        assert f" {name} {command.help}" in said
    assert set(group.commands) == {*COMMANDS, "im2rec"}  # type: ignore[attr-defined]


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tagline", "runs", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Usage: python -m tagline runs")


def test_without_its_environment_packing_says_how_to_make_it(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from tagline.cli import environments; "
        f"environments.ROOT = pathlib.Path({str(tmp_path)!r}); "
        "sys.argv = ['tagline', 'im2rec', 'a', 'b']; "
        "from tagline.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("tagline: ")
    assert "make install" in done.stderr
    assert done.stderr.count("\n") == 1
