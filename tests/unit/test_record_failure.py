"""RecordFailure: from the state machine's catch, and from executions that broke off."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from tagline.aws import clients
from tests.unit.flow_world import BUCKET, PREFIX, RUN, STATE, Account, account, call, event

ARN = f"arn:aws:states:us-east-1:123456789012:execution:tagline-retrain:{RUN}"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("ALERTS_TOPIC_ARN", TOPIC)
    with account(monkeypatch) as made:
        yield made


@pytest.fixture
def executions(world: Account) -> Iterator[Stubber]:
    with Stubber(clients.stepfunctions()) as stubber:
        yield stubber


def history(stubber: Stubber, *events: dict[str, Any]) -> None:
    numbered = [{"id": 99 - i, "timestamp": 0} | e for i, e in enumerate(events)]
    asked = {
        "executionArn": ARN,
        "reverseOrder": True,
        "includeExecutionData": False,
        "maxResults": 1000,
    }
    stubber.add_response("get_execution_history", {"events": numbered}, asked)


def entered(name: str, kind: str = "Task") -> dict[str, Any]:
    return {"type": f"{kind}StateEntered", "stateEnteredEventDetails": {"name": name}}


def caught(error: str, cause: str) -> dict[str, Any]:
    return STATE | {"execution_arn": ARN, "error": {"Error": error, "Cause": cause}}


def test_a_caught_failure_is_told_with_its_state(world: Account, executions: Stubber) -> None:
    history(executions, entered("RecordFailure"), entered("Train"))
    answer = call(
        "record_failure", caught("States.TaskFailed", '{"FailureReason": "AlgorithmError: lr"}')
    )
    assert answer["error"] == "TrainFailed"
    assert answer["reason"].startswith("Train: AlgorithmError: lr.")
    status = world.get(f"{PREFIX}status.json")
    assert (status["outcome"], status["state"]) == ("Failed", "Train")
    assert status["reason"] == answer["reason"]


def test_what_the_packing_container_left_is_the_reason(world: Account, executions: Stubber) -> None:
    note = b"All 12 rows were rejected: see rejects.jsonl\n"
    world.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}failures/PackDataset.txt", Body=note)
    history(executions, entered("RecordFailure"), entered("PackDataset"))
    cause = '{"Containers": [{"Name": "im2rec", "ExitCode": 1}]}'
    answer = call("record_failure", caught("States.TaskFailed", cause))
    assert answer["reason"] == "PackDataset: All 12 rows were rejected: see rejects.jsonl."


@pytest.mark.parametrize(
    ("state", "given", "named"),
    [
        ("FetchShards", {"shard": "00007"}, "shard 00007"),
        (
            "PackParts",
            {"BatchInput": {}, "Items": [{"shard": "00100"}, {"shard": "00101"}]},
            "shards 00100 to 00101",
        ),
    ],
)
def test_a_map_tells_of_its_failed_child(
    world: Account, executions: Stubber, state: str, given: dict[str, object], named: str
) -> None:
    history(executions, entered("RecordFailure"), entered(state, "Map"))
    run = {"executionArn": ARN, "mapRunArn": "arn:run", "stateMachineArn": "arn:m", "startDate": 0}
    executions.add_response("list_map_runs", {"mapRuns": [run]}, {"executionArn": ARN})
    child = {"name": "c", "status": "FAILED", "startDate": 0} | {
        "executionArn": "arn:child",
        "stateMachineArn": "arn:m",
    }
    executions.add_response(
        "list_executions",
        {"executions": [child]},
        {"mapRunArn": "arn:run", "statusFilter": "FAILED", "maxResults": 1},
    )
    told = {
        **child,
        "input": json.dumps(given),
        "error": "ShardOutOfTime",
        "cause": json.dumps({"errorMessage": "600 of 900 s", "errorType": "ShardOutOfTime"}),
    }
    executions.add_response("describe_execution", told, {"executionArn": "arn:child"})
    answer = call("record_failure", caught("States.ExceedToleratedFailureThreshold", "exceeded"))
    assert f"{named}: ShardOutOfTime: 600 of 900 s" in answer["reason"]
    assert answer["state"] == state


def test_a_status_that_is_there_is_not_overwritten(world: Account, executions: Stubber) -> None:
    first = {"outcome": "Promoted", "state": "RecordChampion", "reason": "won"}
    world.put(f"{PREFIX}status.json", first)
    history(executions, entered("RecordFailure"), entered("RecordOutcome"))
    assert call("record_failure", caught("X", "y"))["outcome"] == "Promoted"
    assert world.get(f"{PREFIX}status.json") == first


def test_a_history_without_a_state_is_said_so(world: Account, executions: Stubber) -> None:
    history(executions, entered("RecordFailure"))
    answer = call("record_failure", caught("X", "odd"))
    assert "odd (the execution's history names no task" in answer["reason"]


def test_an_aborted_execution_is_recorded_and_announced(
    world: Account, executions: Stubber
) -> None:
    history(executions, {"type": "ExecutionAborted"}, entered("Train"))
    published = {"TopicArn": TOPIC, "Subject": "Tagline: a run of demo failed", "Message": ANY}
    with Stubber(clients.sns()) as topic:
        topic.add_response("publish", {"MessageId": "1"}, published)
        assert call("record_failure", event("execution_aborted"))["recorded"] is True
        topic.assert_no_pending_responses()
    status = world.get(f"{PREFIX}status.json")
    assert status["started"] == "2026-11-12T00:00:00Z"
    assert status["reason"] == "Train: stopped by hand: upload the list again to start over."


def test_the_event_after_a_recorded_failure_says_nothing_more(
    world: Account, executions: Stubber
) -> None:
    world.put(f"{PREFIX}status.json", {"outcome": "Failed", "state": "Train", "reason": "r"})
    history(executions, {"type": "ExecutionAborted"}, entered("Train"))
    with Stubber(clients.sns()):  # any call would be an error
        assert call("record_failure", event("execution_aborted"))["recorded"] is False


def test_an_execution_started_by_hand_is_no_run(world: Account, executions: Stubber) -> None:
    by_hand = event("execution_aborted")
    by_hand["detail"]["name"] = "trial"
    assert call("record_failure", by_hand) == {"recorded": False}
