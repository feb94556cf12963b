"""Exit codes and errors: 0 done, 1 refused, 2 wrong usage; one line on stderr."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from tagline.cli import places
from tagline.cli.errors import one_line
from tagline.cli.main import app

runner = CliRunner()
COMMANDS = ("demo", "up", "images", "check", "drop", "runs", "show", "tag")


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials, no endpoint, no laptop cloud."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(places, "CLOUD_FILE", tmp_path / "cloud.json")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"tagline {command}" in result.stdout


def test_the_version_is_printed() -> None:
    result = runner.invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("tagline ")


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["check"], ["check", "missing.lst"], ["up", "--port", "0"], ["show"], ["tag"]],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert runner.invoke(app, arguments).exit_code == 2


@pytest.mark.usefixtures("nowhere")
def test_a_refusal_is_one_line_on_stderr_and_exit_1() -> None:
    result = runner.invoke(app, ["runs"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("tagline: no AWS credentials")
    assert result.stderr.count("\n") == 1


@pytest.mark.usefixtures("nowhere")
def test_debug_keeps_the_traceback() -> None:
    result = runner.invoke(app, ["--debug", "runs"])
    assert type(result.exception).__name__ == "Refused"


@pytest.mark.usefixtures("nowhere")
def test_a_run_with_a_bad_name_is_refused() -> None:
    result = runner.invoke(app, ["show", "not a run"])
    assert result.exit_code == 1
    assert "'not a run'" in result.stderr


def test_an_aws_error_says_what_was_refused() -> None:
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "PutObject")
    assert one_line(error) == "PutObject refused: AccessDenied: no way"
