"""Nothing that others wrote moves the terminal: not from lists, buckets, paths or the network."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tagline.cli import run_report as report_module
from tagline.cli import runs as runs_module
from tagline.cli.main import app
from tagline.cli.progress import Progress
from tagline.cli.target import Target
from tagline.formats.printable import printable
from tagline.outcomes.state_times import State
from tests.unit.cli_stack import RUN, golden, put, stack, status
from tests.unit.run_documents import decision, metrics
from tests.unit.test_cli_tag import Api, api, image

__all__ = ["api", "image", "stack"]
EVIL = "x\x1b]0;owned\x07\x9b31m\x7f\u202egnp.\u2066"
runner = CliRunner()


def assert_harmless(*texts: str) -> None:
    for text in texts:
        for line in text.split("\n"):
            assert printable(line) == line


def tell(*arguments: str) -> Any:
    result = runner.invoke(app, list(arguments))
    assert_harmless(result.stdout, result.stderr)
    return result


@pytest.fixture
def hostile_run(stack: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A run whose every text is hostile."""
    for module in (runs_module, report_module):
        monkeypatch.setattr(module, "describe", lambda _target, _run: None)
    monkeypatch.setattr(runs_module, "_running", lambda _target, _dataset: [])
    prefix = f"designs/runs/{RUN}/"
    put(stack, f"{prefix}status.json",
        status(RUN, "Failed", "2026-01-01T00:00:00Z", state=EVIL, reason=EVIL))  # fmt: skip
    put(stack, f"{prefix}metrics.json", metrics(labels=[
        {"label": f"{n}{EVIL}", "ap": 0.5, "f1": 0.5, "support": 2, "threshold": 0.5}
        for n in range(3)]))  # fmt: skip
    put(stack, f"{prefix}decision.json", decision(reason=EVIL))
    reject = {"line": 1, "id": 1, "path": EVIL, "reason": "missing_object", "detail": EVIL}
    body = json.dumps(reject, ensure_ascii=False).encode() + b'\n{"planted": "\x1b]0;x\x07"}\n'
    put(stack, f"{prefix}rejects.jsonl", body)
    return stack


@pytest.mark.usefixtures("hostile_run")
def test_what_a_bucket_holds() -> None:
    assert tell("runs").exit_code == 0
    assert json.loads(tell("show", RUN, "--json").stdout or "{}") is not None
    shown = tell("show", RUN, "--rejects").stdout.splitlines()
    assert json.loads(shown[0])["path"] == EVIL
    assert json.loads(shown[1])["planted"] == "\x1b]0;x\x07"


def test_a_run_in_full(hostile_run: Target) -> None:
    row = {"line": 1, "id": 1, "path": EVIL, "reason": "missing_object", "detail": EVIL}
    put(hostile_run, f"designs/runs/{RUN}/rejects.jsonl", [row])
    told = tell("show", RUN)
    assert told.exit_code == 0
    assert "owned" in told.stdout
    data = json.loads(tell("show", RUN, "--json").stdout)
    assert data["reason"] == EVIL
    assert data["rejects"][0]["path"] == EVIL


def test_what_a_list_says(tmp_path: Path) -> None:
    path = tmp_path / f"{EVIL}.lst"
    path.write_text(f"0\t1\ta.png\n1\t0\t{EVIL}\nx{EVIL}\t1\tb.png\n1\t1\tftp://{EVIL}\n")
    tell("check", str(path))
    told = tell("check", str(path), "--json")
    assert json.loads(told.stdout)["path"] == str(path)
    (tmp_path / "labels.txt").write_text(f"{EVIL}\n")
    (tmp_path / "dataset.yaml").write_text(f"source: {json.dumps(EVIL)}\n{json.dumps(EVIL)}: 1\n")
    assert tell("check", str(path), "--labels", str(tmp_path / "labels.txt")).exit_code == 1
    assert tell("check", str(path), "--config", str(tmp_path / "dataset.yaml")).exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [["check", EVIL], [EVIL], ["show", EVIL], ["up", f"--{EVIL}"], ["drop", EVIL, EVIL],
     ["runs", EVIL], ["tag", EVIL, EVIL]],
)  # fmt: skip
@pytest.mark.usefixtures("stack")
def test_what_the_command_line_says(arguments: list[str]) -> None:
    assert tell(*arguments).exit_code in {0, 1, 2}


def test_what_the_network_says(api: Api, image: Path) -> None:
    model = {"run": RUN, "created": EVIL}
    tags = [{"label": EVIL, "score": 0.9}]
    api.answer(200, {"dataset": "designs", "model": model, "tags": tags})
    told = tell("tag", "designs", str(image))
    assert told.exit_code == 0, told.output
    assert json.loads(tell("tag", "designs", str(image), "--json").stdout)[0]["tags"] == tags
    for status_code, body in (
        (422, {"title": EVIL, "detail": EVIL}),
        (500, EVIL.encode()),
        (200, EVIL.encode()),
        (200, {"tags": EVIL}),
    ):
        api.answer(status_code, body)
        assert tell("tag", "designs", str(image)).exit_code == 1


@pytest.mark.parametrize("terminal", [False, True])
def test_what_a_state_says_while_it_runs(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    states = [State(EVIL, "failed", now, now, 1, EVIL), State("Train", "running", now)]
    progress = Progress()
    if terminal:
        table = progress._table(states, {"Train": EVIL})
        cells = [str(cell) for column in table.columns for cell in column.cells]
        assert_harmless(*(cell for cell in cells if "Spinner" not in cell))
    else:
        progress.update(states, {"Train": EVIL})
        assert_harmless(capsys.readouterr().err)


def test_golden_rejects_are_printed_as_they_are(stack: Target) -> None:
    put(stack, f"designs/runs/{RUN}/rejects.jsonl", golden("rejects.jsonl"))
    assert tell("show", RUN, "--rejects").stdout == golden("rejects.jsonl").decode()
