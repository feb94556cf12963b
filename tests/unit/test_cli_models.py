"""`tagline compare`, `watch`, `cancel` and `logs`: what they say of runs, and what they refuse."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from tagline.cli import drop as drop_module
from tagline.cli.logs import Log, log_of
from tagline.cli.main import app
from tagline.cli.target import Target
from tests.unit.cli_stack import LATER_RUN, MACHINE, OTHER_RUN, RUN, golden, put, stack, status
from tests.unit.run_documents import metrics, plan

__all__ = ["stack"]
runner = CliRunner()
NOW = datetime.now(UTC)


def arn(name: str) -> str:
    return f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}"


def label(name: str, ap: float | None, **more: Any) -> dict[str, Any]:
    return {"label": name, "ap": ap, "f1": ap, "support": 9, "threshold": 0.5} | more


@pytest.fixture
def two(stack: Target) -> None:
    """A champion, and a run that was judged beside it with other settings."""
    for run, mean, started in ((RUN, 0.8, "2026-01-01"), (LATER_RUN, 0.85, "2026-01-02")):
        prefix = f"designs/runs/{run}/"
        put(stack, f"{prefix}status.json", status(run, "Promoted", f"{started}T00:00:00Z"))
        settings = {"settings": {"training": {"epochs": 20 if run == LATER_RUN else 5}}}
        put(stack, f"{prefix}plan.json", plan(run=run, **settings))
        told: dict[str, Any] = {"labels": [label("cat", 0.9), label("dog", 0.7)], "mAP": mean}
        if run == LATER_RUN:
            gain = {"gain": -0.1, "gain_low": -0.15, "gain_high": -0.05}
            told["labels"] = [label("cat", 0.8, **gain), label("dog", 0.9), label("new", 0.5)]
            told["champion"] = {"run": RUN, "mAP": 0.8, "micro_ap": 0.8, "baseline_map": 0.2}
            told["difference"] = {"mAP": 0.05, "low": 0.01, "high": 0.09, "level": 0.95,
                                  "rounds": 100, "images": 250}  # fmt: skip
        put(stack, f"{prefix}metrics.json", metrics(run=run, **told))


@pytest.mark.usefixtures("two")
def test_two_runs_side_by_side() -> None:
    done = runner.invoke(app, ["compare", RUN, LATER_RUN])
    assert done.exit_code == 0, done.stderr
    assert "The second has +0.0500 mAP on the same 250 images, +0.0100 to +0.0900" in done.stderr
    assert "Without a number in the first: new" in done.stderr
    rows = [line for line in done.stdout.splitlines() if "cat" in line or "dog" in line]
    assert "+0.2000" in rows[0]
    assert "-0.1000" in rows[1]
    assert "-0.1500 to -0.0500" in rows[1]
    assert "training.epochs" in done.stdout


@pytest.mark.usefixtures("two")
def test_a_setting_that_nobody_set_shows_what_was_trained_with(stack: Target) -> None:
    prefix = f"designs/runs/{RUN}/"
    put(stack, f"{prefix}plan.json", plan(settings={"tuning": {}}))
    put(stack, f"{prefix}training.json", golden("training.json"))
    shown = runner.invoke(app, ["compare", RUN, LATER_RUN]).stdout
    rows = {line.split("│")[1].strip(): line for line in shown.splitlines() if "│" in line}
    asked = json.loads(golden("training.json"))["request"]["HyperParameters"]["epochs"]
    assert f" {asked} (default) " in rows["training.epochs"]
    assert " not set " in rows["tuning.max_jobs"]


@pytest.mark.usefixtures("two")
def test_labels_that_were_corrected_between_the_two_are_said(stack: Target) -> None:
    for run, labels in ((RUN, "xx"), (LATER_RUN, "xy")):
        rows = [
            {"image": str(at), "id": at, "line": at, "labels": mark, "side": "validation"}
            for at, mark in enumerate(labels)
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        put(stack, f"designs/runs/{run}/images.jsonl", lines.encode())
    said = " ".join(runner.invoke(app, ["compare", RUN, LATER_RUN]).stderr.split())
    assert "1 of the 2 images that both were judged on have other labels in the second" in said
    assert "AP before and after do not subtract" in said
    assert "by the labels of the second, for both models" in said
    back = " ".join(runner.invoke(app, ["compare", LATER_RUN, RUN]).stderr.split())
    assert "by the labels of the first" in back


@pytest.mark.usefixtures("two")
def test_the_other_way_round_all_is_turned() -> None:
    told = json.loads(runner.invoke(app, ["compare", LATER_RUN, RUN, "--json"]).stdout)
    cat = next(each for each in told["labels"] if each["label"] == "cat")
    assert cat["interval"] == [0.05, 0.15]
    assert cat["difference"] == pytest.approx(0.1)
    assert told["difference"]["mAP"] == -0.05
    assert told["settings"] == [{"name": "training.epochs", "first": "20", "second": "5"}]


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("other", "said"),
    [
        (OTHER_RUN, "are of two datasets"),
        ("designs-00000000000000aa", "has no run"),
        ("x", "is not"),
    ],
)
def test_what_does_not_compare(other: str, said: str) -> None:
    done = runner.invoke(app, ["compare", RUN, other])
    assert done.exit_code == 1
    assert said in done.stderr


@pytest.mark.usefixtures("two")
def test_runs_tell_the_difference_to_the_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagline.cli.runs._running", lambda *_: [])
    told = {run["run"]: run for run in json.loads(runner.invoke(app, ["runs", "--json"]).stdout)}
    assert (told[RUN]["gain"], told[LATER_RUN]["gain"]) == (None, 0.05)
    narrow = runner.invoke(app, ["runs"], env={"COLUMNS": "80"})
    assert LATER_RUN in narrow.stdout
    assert "+0.0500" in narrow.stdout
    assert "on the same images" in " ".join(narrow.stderr.split())


@pytest.fixture
def states(stack: Target, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Step Functions' answers, in the order in which they will be asked for."""
    monkeypatch.setattr(drop_module, "_RECORD_SECONDS", 0)
    monkeypatch.setattr(Target, "states", stack.states)
    with Stubber(stack.states) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def described(states: Stubber, now: str, name: str = RUN, **more: Any) -> None:
    own = {"executionArn": arn(name)}
    known = own | {"stateMachineArn": MACHINE, "startDate": NOW, "status": now}
    states.add_response("describe_execution", known | more, own)


def entered(states: Stubber, *events: tuple[str, str]) -> None:
    told = [
        {"id": at, "timestamp": NOW, "type": kind}
        | ({"stateEnteredEventDetails": {"name": name}} if name else {})
        for at, (kind, name) in enumerate(events, 1)
    ]
    states.add_response("get_execution_history", {"events": told})


def test_a_run_that_goes_on_is_stopped(states: Stubber) -> None:
    described(states, "RUNNING")
    described(states, "RUNNING")
    states.add_response(
        "stop_execution",
        {"stopDate": NOW},
        {"executionArn": arn(RUN), "error": "Cancelled", "cause": "wrong list"},
    )
    described(states, "ABORTED", error="Cancelled", cause="wrong list")
    done = runner.invoke(app, ["cancel", RUN, "--why", "wrong list"])
    assert done.exit_code == 0, done.stderr
    assert "Cancelled: wrong list" in done.stdout
    assert f"`tagline retry {RUN}` would resume" in done.stderr


def test_a_run_that_had_changed_an_endpoint_is_not_said_to_be_resumable(
    states: Stubber, stack: Target
) -> None:
    ended = status(RUN, "Failed", "2026-01-01T00:00:00Z", state="WatchShadow")
    put(stack, f"designs/runs/{RUN}/status.json", ended)
    described(states, "RUNNING")
    described(states, "RUNNING")
    states.add_response("stop_execution", {"stopDate": NOW})
    described(states, "ABORTED")
    done = runner.invoke(app, ["cancel", RUN])
    assert done.exit_code == 0, done.stderr
    assert "What served before is brought back; the list, uploaded again" in done.stderr
    assert "tagline retry" not in done.stderr


def test_a_run_that_ended_is_not_stopped(states: Stubber, stack: Target) -> None:
    put(stack, f"designs/runs/{RUN}/status.json", status(RUN, "Promoted", "2026-01-01T00:00:00Z"))
    described(states, "SUCCEEDED")
    described(states, "SUCCEEDED")
    done = runner.invoke(app, ["cancel", RUN])
    assert done.exit_code == 1
    assert f"run {RUN} has ended Promoted: there is nothing to cancel" in done.stderr


def test_a_run_is_watched_to_its_end(states: Stubber, stack: Target) -> None:
    put(stack, f"designs/runs/{RUN}/status.json", status(RUN, "Failed", "2026-01-01T00:00:00Z"))
    described(states, "RUNNING")
    described(states, "FAILED")
    described(states, "FAILED")
    entered(states, ("TaskStateEntered", "PlanDataset"), ("ExecutionFailed", ""))
    done = runner.invoke(app, ["watch", RUN])
    assert done.exit_code == 1
    assert "Failed" in done.stdout


ORDER = f"{RUN}-order-1795718416"
PROMOTED = {"outcome": "Promoted", "state": "RecordChampion", "reason": "me rolled back to it"}
ROLLED_BACK = PROMOTED | {"outcome": "RolledBack"}


@pytest.mark.parametrize(
    ("status", "more", "code", "said"),
    [
        ("SUCCEEDED", {"output": json.dumps(PROMOTED)}, 0, "Promoted"),
        (
            "SUCCEEDED",
            {"output": json.dumps(PROMOTED | {"outcome": "RolledBack"})},
            1,
            "RolledBack",
        ),
        ("ABORTED", {"error": "Cancelled", "cause": "by mistake"}, 1, "by mistake"),
    ],
)
def test_an_order_is_watched_to_its_end(
    states: Stubber, status: str, more: dict[str, Any], code: int, said: str
) -> None:
    for now in ("RUNNING", "RUNNING", status):
        described(states, now, ORDER, **(more if now == status else {}))
    entered(states, ("TaskStateEntered", "TakeOrder"), ("ExecutionSucceeded", ""))
    done = runner.invoke(app, ["watch", ORDER])
    assert done.exit_code == code, done.stderr
    assert said in done.stdout
    assert "TakeOrder" in done.stderr


def test_an_order_that_goes_on_is_stopped(states: Stubber) -> None:
    described(states, "RUNNING", ORDER)
    stopped = {"executionArn": arn(ORDER), "error": "Cancelled", "cause": "by mistake"}
    states.add_response("stop_execution", {"stopDate": NOW}, stopped)
    done = runner.invoke(app, ["cancel", ORDER, "--why", "by mistake", "--json"])
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == {"execution": ORDER, "status": "ABORTED", "why": "by mistake"}
    assert "is brought back where its endpoint was changed" in done.stderr


def test_an_order_that_ended_or_brings_a_champion_back_is_not_stopped(states: Stubber) -> None:
    described(states, "SUCCEEDED", ORDER)
    assert "has ended SUCCEEDED" in runner.invoke(app, ["cancel", ORDER]).stderr
    restoring = runner.invoke(app, ["cancel", f"{RUN}-restore-1"])
    assert "brings a champion back" in restoring.stderr


@pytest.mark.parametrize("command", ["watch", "cancel"])
def test_an_order_that_nobody_knows(command: str, states: Stubber) -> None:
    states.add_client_error("describe_execution", "ExecutionDoesNotExist")
    done = runner.invoke(app, [command, ORDER])
    assert done.exit_code == 1
    assert f"there is no execution {ORDER}" in done.stderr


@pytest.mark.parametrize("command", ["watch", "cancel", "logs"])
def test_a_run_that_nobody_knows(
    command: str, states: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagline.cli.watch._START_SECONDS", 0)
    states.add_client_error("describe_execution", "ExecutionDoesNotExist")
    done = runner.invoke(app, [command, RUN])
    assert done.exit_code == 1
    assert f"there is no execution of run {RUN}" in done.stderr
    assert runner.invoke(app, [command, "no run"]).exit_code == 1


@pytest.mark.parametrize("command", ["watch", "cancel", "logs"])
def test_a_batch_is_no_run(command: str, states: Stubber, stack: Target) -> None:
    put(stack, f"designs/batches/{RUN}/plan.json", b"{}")
    states.add_client_error("describe_execution", "ExecutionDoesNotExist")
    done = runner.invoke(app, [command, RUN])
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"{RUN} is a batch, no run: `tagline show {RUN}` tells of it" in done.stderr


def logged(group: str, stream: str, *lines: str) -> None:
    client = boto3.client("logs")
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(NOW.timestamp() * 1000)
    events: list[Any] = [{"timestamp": now + at, "message": x} for at, x in enumerate(lines)]
    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def test_the_log_of_the_state_that_failed(states: Stubber) -> None:
    logged(
        "/aws/sagemaker/TrainingJobs", "tagline--0123456789abcdef-train-0/algo-1", "a\x1b[2J", "b"
    )
    described(states, "FAILED")
    entered(states, ("TaskStateEntered", "PlanDataset"), ("TaskStateExited", ""),
            ("TaskStateEntered", "Train"), ("ExecutionFailed", ""))  # fmt: skip
    done = runner.invoke(app, ["logs", RUN])
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "a\\x1b[2J\nb\n"
    assert "State Train:" in done.stderr


def test_the_log_of_a_packing_task_is_found_by_its_events(states: Stubber) -> None:
    task = "d3752c8a-3138-405c-9006-63e40414e4c9"
    logged("/ecs/tagline-im2rec", f"pack/im2rec/{task}", "packed=1 total=1 rejected=0")
    described(states, "SUCCEEDED")
    entered(states, ("TaskStateEntered", "PackDataset"))
    done = {
        "resourceType": "ecs",
        "resource": "runTask.sync",
        "output": f'{{"TaskArn": "arn:aws:ecs:us-east-1:123456789012:task/cluster/{task}"}}',
    }
    events: list[dict[str, Any]] = [
        {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "PackDataset"}},
        {"type": "TaskSucceeded", "taskSucceededEventDetails": done},
    ]
    told = [{"id": at, "timestamp": NOW, **event} for at, event in enumerate(events, 1)]
    states.add_response("get_execution_history", {"events": told})
    assert (
        runner.invoke(app, ["logs", RUN, "PackDataset"]).stdout == "packed=1 total=1 rejected=0\n"
    )


def test_a_log_is_followed_until_the_run_ends(states: Stubber) -> None:
    lines = [f'{{"run": "{RUN}", "message": "one"}}', '{"run": "another"}']
    logged("/aws/lambda/tagline-plan-dataset", "x", *lines)
    described(states, "RUNNING")
    entered(states, ("TaskStateEntered", "PlanDataset"))
    described(states, "SUCCEEDED")
    done = runner.invoke(app, ["logs", RUN, "PlanDataset", "-f"])
    assert done.exit_code == 0, done.stderr
    assert done.stdout == lines[0] + "\n"


def test_a_state_that_was_not_entered_or_logs_nothing(states: Stubber) -> None:
    for state, said in (("Train", "it has entered PlanDataset"), ("PlanDataset", "logged nothing")):
        described(states, "RUNNING")
        entered(states, ("TaskStateEntered", "PlanDataset"))
        done = runner.invoke(app, ["logs", RUN, state])
        assert done.exit_code == 1
        assert said in done.stderr


@pytest.mark.parametrize(
    ("state", "log"),
    [
        ("Evaluate", Log("/aws/sagemaker/ProcessingJobs", ("st--0123456789abcdef-eval",))),
        ("PackDataset", Log("/ecs/st-im2rec", ("pack/im2rec/7f",))),
        ("FetchShards", Log("/aws/lambda/st-fetch-shard", (), f'"{RUN}"')),
        ("PlanRollBack", Log("/aws/lambda/st-plan-roll-back", (), f'"{RUN}"')),
    ],
)
def test_every_kind_of_state_has_its_log(state: str, log: Log) -> None:
    assert log_of("st", RUN, state, ["7f"]) == log
