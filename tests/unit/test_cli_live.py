"""What `tagline runs` and `tagline show` tell of a run that goes on, of trials, of the report."""

import json
import webbrowser
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from tagline.api.problem import not_found
from tagline.api.progress import Progresses
from tagline.api.progress_documents import RunProgress
from tagline.cli import run_report as report_module
from tagline.cli import runs as runs_module
from tagline.cli.main import app
from tagline.cli.output import OUT
from tagline.cli.target import Target
from tagline.formats.trials import Trial, Trials
from tests.unit.cli_stack import LATER_RUN, RUN, metrics, put, stack, status

__all__ = ["stack"]
runner = CliRunner()
LONG = f"{'d' * 40}-0123456789abcdef"
JOB = {"name": "j", "status": "InProgress", "started": "2026-01-02T00:00:00Z", "ended": None}
EPOCHS: list[dict[str, Any]] = [
    {"epoch": n, "at": "2026-01-02T00:00:00Z", "metrics": {}} for n in (1, 2, 3)
]


def progress(current: str | None, jobs: list[dict[str, Any]]) -> RunProgress:
    known = {"dataset": "designs", "run": LATER_RUN, "execution": LATER_RUN, "status": "RUNNING"}
    held = {"current": current, "states": [], "epochs": 20, "jobs": jobs, "items": None}
    return msgspec.convert(known | held, RunProgress)


@pytest.fixture
def going(stack: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A stack with a run that goes on, and one that ended."""
    execution = {"status": "RUNNING", "startDate": datetime(2026, 1, 2, tzinfo=UTC)}
    for module in (runs_module, report_module):
        monkeypatch.setattr(
            module, "describe", lambda _target, run: execution if run == LATER_RUN else None
        )
    monkeypatch.setattr(runs_module, "_running", lambda _target, _dataset: [LATER_RUN])
    put(stack, f"designs/runs/{RUN}/status.json", status(RUN, "Promoted", "2026-01-01T00:00:00Z"))
    put(stack, f"designs/runs/{RUN}/metrics.json", metrics())
    return stack


def told_by(monkeypatch: pytest.MonkeyPatch, found: RunProgress | None) -> None:
    def of(_self: Progresses, run: str) -> RunProgress:
        if found is None:
            raise not_found("unknown_run", f"There is no run {run}.")
        return found

    monkeypatch.setattr(Progresses, "of", of)


@pytest.mark.usefixtures("going")
def test_a_run_that_goes_on_tells_state_and_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    job = JOB | {"objective": None, "epochs": EPOCHS}
    told_by(monkeypatch, progress("Train", [job]))
    listed = json.loads(runner.invoke(app, ["runs", "--json"]).stdout)
    assert [(each["state"], each["epoch"], each["epochs"]) for each in listed] == [
        ("Train", 3, 20),
        ("RecordOutcome", None, None),
    ]
    assert "Train, epoch 3 of 20" in runner.invoke(app, ["runs"]).stdout
    shown = runner.invoke(app, ["show", LATER_RUN])
    assert "Train, epoch 3 of 20" in shown.stdout, shown.output


@pytest.mark.usefixtures("going")
def test_before_an_epoch_the_state_alone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told_by(monkeypatch, progress("FetchShards", []))
    first = json.loads(runner.invoke(app, ["runs", "--json"]).stdout)[0]
    assert (first["state"], first["epoch"], first["epochs"]) == ("FetchShards", None, None)
    told_by(monkeypatch, None)
    result = runner.invoke(app, ["runs"])
    assert result.exit_code == 0
    assert "Running" in result.stdout


@pytest.mark.parametrize("run", [LATER_RUN, LONG])
def test_a_runs_name_is_on_one_line_of_80_columns(
    going: Target, monkeypatch: pytest.MonkeyPatch, run: str
) -> None:
    told_by(monkeypatch, progress("Train", []))
    dataset = run.rpartition("-")[0]
    put(going, f"{dataset}/runs/{run}/status.json", status(run, "Promoted", "2026-01-01T00:00:00Z"))
    monkeypatch.setattr(OUT, "_width", 80)
    monkeypatch.setattr(runs_module, "width", lambda: 80)
    monkeypatch.setattr(runs_module, "emit", OUT.print)
    with OUT.capture() as printed:
        result = runner.invoke(app, ["runs"])
    assert result.exit_code == 0, result.output
    lines = printed.get().splitlines()
    assert any(run in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_trials_of_a_search_are_listed(going: Target) -> None:
    rows = [
        ("t-1", "0.001", 0.5, "Completed", 61.0, None),
        ("t-2", "0.01", 0.75, "Completed", 59.0, None),
        ("t-3", "0.1", None, "Failed", None, "loss is not finite"),
    ]
    found = [
        Trial(
            job=job,
            hyperparameters={"learning_rate": rate},
            objective=objective,
            status=ending,
            seconds=took,
            failure=failure,
        )
        for job, rate, objective, ending, took, failure in rows
    ]
    trials = Trials(tuning_job="t", metric="validation:mAP", best="t-2", trials=tuple(found))
    put(going, f"designs/runs/{RUN}/trials.json", trials)
    result = runner.invoke(app, ["show", RUN])
    assert result.exit_code == 0, result.output
    for part in ("Trials of the search (3)", "2 best", "0.7500", "1 min 01 s", "loss is not"):
        assert part in result.stdout, part
    told = json.loads(runner.invoke(app, ["show", RUN, "--json"]).stdout)
    assert told["trials"]["best"] == "t-2"
    assert "format" not in told["trials"]


def test_the_report_is_opened_or_its_address_printed(
    going: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    there = True

    def browser(url: str) -> bool:
        opened.append(url)
        return there

    monkeypatch.setattr(webbrowser, "open", browser)
    result = runner.invoke(app, ["show", RUN, "--open"])
    assert (result.exit_code, opened) == (1, [])
    assert "has no report (yet)" in result.stderr
    put(going, f"designs/runs/{RUN}/report.html", b"<!doctype html>")
    result = runner.invoke(app, ["show", RUN, "--open"])
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"designs/runs/{RUN}/report.html" in opened[0]
    assert "X-Amz-Signature=" in opened[0]  # S3 answers no media type by an older signature
    there = False
    result = runner.invoke(app, ["show", RUN, "--open"])
    assert result.stdout.strip() == opened[1]
