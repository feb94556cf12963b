"""What scripts rely on: keys of --json, examples in the help, no styles under NO_COLOR."""

import dataclasses
import io
import re
import shlex
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from tagline.cli.commands import COMMANDS
from tagline.cli.drop import Dropped
from tagline.cli.examples import EXAMPLES
from tagline.cli.main import JSON_VERSION, app
from tagline.cli.output import console
from tagline.cli.run_report import RunReport
from tagline.cli.try_ import Candidate

runner = CliRunner()
_SNAKE = re.compile(r"[a-z][a-z0-9_]*")
_MEASURES = {"mAP"}  # the field's own spelling, as in the files


@pytest.mark.parametrize("kind", [RunReport, Candidate, Dropped])
def test_keys_are_in_snake_case(kind: Any) -> None:
    if dataclasses.is_dataclass(kind):
        keys = {field.name for field in dataclasses.fields(kind)}
    else:
        keys = {field.encode_name for field in msgspec.structs.fields(kind)}
    assert {key for key in keys if not _SNAKE.fullmatch(key)} <= _MEASURES


def test_the_version_tells_that_of_json() -> None:
    assert f"(--json {JSON_VERSION})" in runner.invoke(app, ["--version"]).stdout


@pytest.mark.parametrize(("variable", "styled"), [("", True), ("1", False)])
def test_no_color_means_no_bold_either(
    monkeypatch: pytest.MonkeyPatch, variable: str, styled: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", variable)
    monkeypatch.setenv("TERM", "xterm-256color")
    printed = io.StringIO()
    console(file=printed, force_terminal=True).print("Runs", style="bold green")
    assert ("\x1b[" in printed.getvalue()) is styled


def test_every_command_has_examples() -> None:
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_end_the_help_and_use_options_that_there_are(name: str) -> None:
    told = runner.invoke(app, [name, "--help"]).stdout
    for example in EXAMPLES[name]:
        assert f"  {example}\n" in told
        assert f"tagline {name}" in example
        options = [
            word
            for word in shlex.split(example.replace("source <(", "").rstrip(")"))
            if word[:1] == "-"
        ]
        declared = told.partition("Examples:")[0]
        for option in options:
            assert re.search(rf"(?<![\w-]){option}\b", declared), option
