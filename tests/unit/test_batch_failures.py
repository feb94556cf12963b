"""RecordFailure of a batch: in which state, of what, told and recorded once."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest
from botocore.stub import ANY, Stubber

from tagline.aws import clients
from tagline.formats.batch_keys import BatchKeys
from tests.unit.batch_world import STARTED, BatchWorld
from tests.unit.flow_world import account, call

ARN = "arn:aws:states:us-east-1:123456789012:execution:tagline-tag-batch"
STATES: list[tuple[str, str]] = [
    ("MapStateEntered", "TagShards"),
    ("TaskStateEntered", "PlanBatch"),
]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchWorld]:
    with account(monkeypatch):
        yield BatchWorld(boto3.client("s3"))


def ended(world: BatchWorld, **more: str) -> tuple[dict[str, Any], str]:
    """Return the event of a batch's bad end, and the batch."""
    given = world.drop("a.png")
    told = {"executionArn": f"{ARN}:{given.batch}", "name": given.batch, "status": "FAILED"}
    plain = msgspec.json.encode(given).decode()
    return {"detail": {**told, "input": plain, **more}}, given.batch


def history(states: Stubber, *entered: tuple[str, str]) -> None:
    events = [
        {"type": kind, "id": number, "timestamp": 0, "stateEnteredEventDetails": {"name": name}}
        for number, (kind, name) in enumerate(entered, 1)
    ]
    states.add_response("get_execution_history", {"events": events})


def test_a_failed_plan_is_recorded_and_told_once(world: BatchWorld) -> None:
    cause = json.dumps({"errorType": "NoChampion", "errorMessage": "dataset demo has none"})
    event, batch = ended(world, error="NoChampion", cause=cause)
    with Stubber(clients.stepfunctions()) as states, Stubber(clients.sns()) as topic:
        history(states, *STATES[1:])
        topic.add_response("publish", {}, dict.fromkeys(
            ("TopicArn", "Subject", "Message", "MessageAttributes"), ANY))  # fmt: skip
        assert call("record_failure", event)["recorded"] is True
    status = world.json(BatchKeys(batch).status)
    assert (status["outcome"], status["state"]) == ("Failed", "PlanBatch")
    assert status["reason"] == "PlanBatch: dataset demo has none."
    assert status["started"] == STARTED


def test_a_failed_shard_says_of_what(world: BatchWorld) -> None:
    event, batch = ended(world, error="States.ExceedToleratedFailureThreshold", cause="1 failed")
    cause = json.dumps({"errorType": "ModelChanged", "errorMessage": "upload the list again"})
    run = {"mapRunArn": "m", "startDate": 0, "stateMachineArn": "s", "executionArn": "e"}
    child = {"executionArn": "c", "stateMachineArn": "s", "name": "c", "status": "FAILED",
             "startDate": 0}  # fmt: skip
    found = {**child, "error": "ModelChanged", "cause": cause, "input": '{"shard": "000001"}'}
    with Stubber(clients.stepfunctions()) as states, Stubber(clients.sns()) as topic:
        history(states, *STATES)
        states.add_response("list_map_runs", {"mapRuns": [run]})
        states.add_response("list_executions", {"executions": [child]})
        states.add_response("describe_execution", found)
        topic.add_response("publish", {})
        call("record_failure", event)
    status = world.json(BatchKeys(batch).status)
    assert status["reason"] == "TagShards: upload the list again."


def test_one_that_was_stopped_says_so(world: BatchWorld) -> None:
    event, batch = ended(world, error="Aborted")
    with Stubber(clients.stepfunctions()) as states, Stubber(clients.sns()) as topic:
        history(states, *STATES[1:])
        topic.add_response("publish", {})
        call("record_failure", event)
    assert "stopped by hand" in world.json(BatchKeys(batch).status)["reason"]


def test_a_published_batch_stays_published(world: BatchWorld) -> None:
    world.image("a.png")
    world.through("a.png")
    event, batch = ended(world, error="States.Timeout")
    with Stubber(clients.stepfunctions()) as states, Stubber(clients.sns()) as topic:
        history(states, ("TaskStateEntered", "PublishBatch"))
        topic.add_response("publish", {})
        assert call("record_failure", event)["recorded"] is False
    assert world.json(BatchKeys(batch).status)["outcome"] == "Tagged"
