"""`tagline retry`: which runs are resumed, what is refused and why, and what status.json says."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from tagline.cli import drop as drop_module
from tagline.cli.main import app
from tagline.cli.target import Target
from tagline.formats.batches import BatchStatus
from tagline.formats.outcomes import Newest
from tests.unit import run_documents
from tests.unit.cli_stack import BUCKET, LATER_RUN, MACHINE, RUN, put, stack, status

__all__ = ["stack"]
runner = CliRunner()
STATUS = f"designs/runs/{RUN}/status.json"
NOW = datetime.now(UTC)


def arn(name: str = RUN) -> str:
    return f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}"


@pytest.fixture
def states(stack: Target, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Step Functions' answers, in the order in which they will be asked for."""
    put(stack, STATUS, status(RUN, "Failed", "2026-01-01T00:00:00Z"))
    monkeypatch.setattr(drop_module, "_RECORD_SECONDS", 0)
    monkeypatch.setattr(Target, "states", stack.states)
    with Stubber(stack.states) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def described(states: Stubber, name: str = RUN, **more: Any) -> None:
    known = {"executionArn": arn(name), "stateMachineArn": MACHINE, "startDate": NOW}
    ended = {"status": "FAILED", "redriveStatus": "REDRIVABLE", "redriveCount": 0}
    states.add_response("describe_execution", known | ended | more, {"executionArn": arn(name)})


def history(states: Stubber, *newest_first: tuple[str, str]) -> None:
    events = [
        {"id": 99 - n, "timestamp": NOW, "type": kind}
        | ({"stateEnteredEventDetails": {"name": name}} if name else {})
        for n, (kind, name) in enumerate(newest_first)
    ]
    states.add_response("get_execution_history", {"events": events})


FAILED_IN_TRAIN = (("ExecutionFailed", ""), ("TaskFailed", ""), ("TaskStateEntered", "Train"))


def never_restored(states: Stubber) -> None:
    states.add_client_error(
        "describe_execution",
        "ExecutionDoesNotExist",
        expected_params={"executionArn": arn(f"{RUN}-restore-1")},
    )


def refused(*words: str) -> None:
    result = runner.invoke(app, ["retry", RUN])
    assert result.exit_code == 1
    for word in words:
        assert word in result.stderr


JUDGED = (
    *(("ExecutionFailed", ""), ("TaskFailed", ""), ("TaskStateEntered", "JudgeFailure")),
    *(("PassStateEntered", "JobFailed"), ("TaskStateExited", "Train")),
    ("TaskStateEntered", "Train"),
)


@pytest.mark.parametrize("failed", [FAILED_IN_TRAIN, JUDGED])
def test_a_failed_run_goes_on_and_has_no_status_until_it_ends(
    stack: Target, states: Stubber, failed: tuple[tuple[str, str], ...]
) -> None:
    described(states)
    history(states, *failed)
    never_restored(states)
    states.add_response("redrive_execution", {"redriveDate": NOW}, {"executionArn": arn()})
    result = runner.invoke(app, ["retry", RUN, "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {"run": RUN, "resumed": "Train"}
    assert "Contents" not in stack.s3.list_objects_v2(Bucket=BUCKET, Prefix=STATUS)
    assert stack.s3.list_object_versions(Bucket=BUCKET, Prefix=STATUS)["Versions"]


def test_what_step_functions_refuses_is_told_and_leaves_the_status(
    stack: Target, states: Stubber
) -> None:
    before = stack.s3.get_object(Bucket=BUCKET, Key=STATUS)["Body"].read()
    described(states)
    history(states, *FAILED_IN_TRAIN)
    never_restored(states)
    states.add_client_error(
        "redrive_execution", "ExecutionNotRedrivable", "Execution history event limit exceeded"
    )
    refused("history event limit exceeded", "upload the list again")
    assert stack.s3.get_object(Bucket=BUCKET, Key=STATUS)["Body"].read() == before


def test_an_old_execution_is_refused_before_anything_is_touched(states: Stubber) -> None:
    described(states, redriveStatus="NOT_REDRIVABLE",
              redriveStatusReason="Execution redrivable period exceeded")  # fmt: skip
    refused("redrivable period exceeded", "14 days", "upload the list again")


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"status": "RUNNING"}, "goes on"),
        ({"status": "SUCCEEDED"}, "only a failed run"),
        ({"redriveCount": 9}, "9 times"),
    ],
)
def test_a_run_that_cannot_be_resumed_is_refused(
    states: Stubber, more: dict[str, Any], word: str
) -> None:
    described(states, **more)
    refused(word)


def test_a_run_that_was_promoted_after_all_is_not_resumed(stack: Target, states: Stubber) -> None:
    put(stack, STATUS, status(RUN, "Promoted", "2026-01-01T00:00:00Z"))
    described(states)
    refused("ended Promoted")


def test_an_unknown_run_is_said_so(states: Stubber) -> None:
    states.add_client_error("describe_execution", "ExecutionDoesNotExist")
    refused("no execution of run", "90 days")


@pytest.mark.parametrize(
    "event",
    [("WaitStateEntered", "WaitForEndpoint"), ("TaskStateEntered", "SmokeTest")],
)
def test_a_run_whose_endpoint_was_brought_back_is_refused(
    states: Stubber, event: tuple[str, str]
) -> None:
    described(states)
    history(states, ("ExecutionAborted", ""), event)
    refused(event[1], "was brought back")


def test_a_run_that_an_earlier_flow_ended_is_not_resumed_in_vain(states: Stubber) -> None:
    described(states)
    history(states, ("ExecutionFailed", ""), ("FailStateEntered", "Failed"))
    refused("earlier version of the flow", "only fail again")


def test_a_run_waits_until_the_champion_is_back(states: Stubber) -> None:
    described(states, redriveCount=1)
    history(states, ("ExecutionFailed", ""), ("TaskStateEntered", "CreateEndpoint"),
            ("ExecutionRedriven", ""), ("ExecutionFailed", ""))  # fmt: skip
    described(states, f"{RUN}-restore-11", status="RUNNING")
    refused(f"{RUN}-restore-11", "bringing the champion back")


def test_a_candidate_goes_on_whatever_was_dropped_later(stack: Target, states: Stubber) -> None:
    newest = Newest(run=LATER_RUN, started="2026-01-02T00:00:00Z")
    put(stack, "designs/newest.json", newest)
    tried = {"candidate": True, "tried": ["training.epochs=20"]}
    plan = run_documents.plan(run=RUN, dataset="designs", **tried)
    put(stack, f"designs/runs/{RUN}/plan.json", plan)
    described(states)
    history(states, *FAILED_IN_TRAIN)
    never_restored(states)
    states.add_response("redrive_execution", {"redriveDate": NOW}, {"executionArn": arn()})
    result = runner.invoke(app, ["retry", RUN, "--json"])
    assert result.exit_code == 0, result.stderr


def test_a_run_that_a_later_list_overtook_is_not_paid_for_again(
    stack: Target, states: Stubber
) -> None:
    put(stack, "designs/newest.json", Newest(run=LATER_RUN, started="2026-01-02T00:00:00Z"))
    described(states)
    history(states, *FAILED_IN_TRAIN)
    never_restored(states)
    refused(LATER_RUN, "Superseded")


@pytest.mark.usefixtures("stack")
def test_what_is_no_run_is_refused() -> None:
    result = runner.invoke(app, ["retry", "designs"])
    assert result.exit_code == 1
    assert "16 hexadecimal digits" in result.stderr


BATCH_STATUS = {
    "batch": LATER_RUN, "dataset": "designs", "list": "designs/batches/new.txt",
    "outcome": "Failed", "state": "TagShards", "reason": "model_failed: it is broken",
    "started": "2026-01-03T00:00:00Z", "ended": "2026-01-03T00:01:00Z",
}  # fmt: skip
BATCH_KEY = f"designs/batches/{LATER_RUN}/status.json"
BATCH_ARN = arn(LATER_RUN).replace(":retrain:", ":tagline-tag-batch:")


def test_a_failed_batch_goes_on(states: Stubber, stack: Target) -> None:
    put(stack, BATCH_KEY, json.dumps(BATCH_STATUS).encode())
    states.add_response("redrive_execution", {"redriveDate": NOW}, {"executionArn": BATCH_ARN})
    told = runner.invoke(app, ["retry", LATER_RUN, "--json"])
    assert json.loads(told.stdout) == {"run": LATER_RUN, "resumed": "TagShards"}
    assert stack.bucket.head(BATCH_KEY) is None
    put(stack, f"designs/batches/{LATER_RUN}/plan.json", b"{}")
    assert "goes on" in runner.invoke(app, ["retry", LATER_RUN]).stderr


@pytest.mark.parametrize("code", ["ExecutionNotRedrivable", "ExecutionDoesNotExist"])
def test_a_batch_that_cannot_go_on_keeps_its_status(
    states: Stubber, stack: Target, code: str
) -> None:
    put(stack, BATCH_KEY, json.dumps(BATCH_STATUS).encode())
    states.add_client_error("redrive_execution", code)
    result = runner.invoke(app, ["retry", LATER_RUN])
    assert (result.exit_code, "upload the list again" in result.stderr) == (1, True)
    assert stack.bucket.get(BATCH_KEY, BatchStatus) is not None


def test_only_a_failed_batch_goes_on(states: Stubber, stack: Target) -> None:
    put(stack, BATCH_KEY, json.dumps(BATCH_STATUS | {"outcome": "Tagged"}).encode())
    assert "ended Tagged" in runner.invoke(app, ["retry", LATER_RUN]).stderr
    assert "--wait is for runs" in runner.invoke(app, ["retry", LATER_RUN, "--wait"]).stderr
