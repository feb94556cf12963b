"""StartRun: a dropped list starts the run that is named after its version, once."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from tagline.aws import clients
from tagline.formats.batch_keys import batch_name
from tagline.formats.names import run_name
from tests.unit.flow_world import account, call, event
from tests.unit.im2rec_files import ROOT


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    with account(monkeypatch), Stubber(clients.stepfunctions()) as stubber:
        yield stubber


def expected_start() -> dict[str, Any]:
    dropped = event("s3_object_created")
    bucket, listed = dropped["detail"]["bucket"]["name"], dropped["detail"]["object"]
    run = run_name(bucket, listed["key"], listed["version-id"], listed["etag"])
    given = {
        "bucket": bucket,
        "run": run,
        "dataset": "50-label-rs96",
        "list": {
            "key": listed["key"],
            "version_id": listed["version-id"],
            "etag": listed["etag"],
        },
        "started": "2026-11-12T00:00:00Z",
        "sequencer": listed["sequencer"],
    }
    return {
        "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:tagline-retrain",
        "name": run,
        "input": json.dumps(given, separators=(",", ":")),
    }


def test_a_dropped_list_starts_its_run(executions: Stubber) -> None:
    answer = {"executionArn": "arn", "startDate": 0}
    executions.add_response("start_execution", answer, expected_start())
    assert call("start_run", event("s3_object_created"))["started"] is True


def test_a_key_is_taken_as_eventbridge_gives_it(executions: Stubber) -> None:
    dropped = event("s3_object_created")
    listed = dropped["detail"]["object"]
    listed["key"] = (
        "50-label-rs96/lists/a+b%20c&é.lst"  # unlike S3's own notifications: not encoded
    )
    bucket = dropped["detail"]["bucket"]["name"]
    run = run_name(bucket, listed["key"], listed["version-id"], listed["etag"])
    answer = {"executionArn": "arn", "startDate": 0}
    expected = {"stateMachineArn": ANY, "name": run, "input": ANY}
    executions.add_response("start_execution", answer, expected)
    assert call("start_run", dropped)["run"] == run


def test_the_same_event_again_starts_nothing(executions: Stubber) -> None:
    executions.add_client_error("start_execution", "ExecutionAlreadyExists")
    assert call("start_run", event("s3_object_created"))["reason"] == "exists"


@pytest.mark.parametrize("key", ["a/b/lists/x.lst", "-bad-/lists/x.lst", "a/lists/deep/x.lst"])
def test_what_is_no_list_of_a_dataset_is_ignored(executions: Stubber, key: str) -> None:
    dropped = event("s3_object_created")
    dropped["detail"]["object"]["key"] = key
    assert call("start_run", dropped)["started"] is False


def test_another_error_goes_to_lambdas_retries(executions: Stubber) -> None:
    executions.add_client_error("start_execution", "AccessDeniedException")
    with pytest.raises(ClientError):
        call("start_run", event("s3_object_created"))


def rule_hears(key: str) -> bool:
    """Match a key as EventBridge matches the rule's wildcards: `*` is any text."""
    text = (ROOT / "templates/flow.yaml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "object: { key:" in line)
    return any(fnmatchcase(key, pattern) for pattern in re.findall(r'wildcard: "([^"]+)"', line))


def dropped_as(key: str) -> dict[str, Any]:
    dropped = event("s3_object_created")
    dropped["detail"]["object"]["key"] = key
    return dropped


@pytest.mark.parametrize("key", ["a/lists/x.lst", "a/lists/x.lst.gz", "a/lists/x y.lst.gz"])
def test_a_list_may_be_packed_as_gzip_names_it(executions: Stubber, key: str) -> None:
    assert rule_hears(key)
    answer = {"executionArn": "arn", "startDate": 0}
    executions.add_response("start_execution", answer, None)
    assert call("start_run", dropped_as(key))["started"] is True


@pytest.mark.parametrize(
    ("key", "cure"),
    [
        ("a/lists/x.LST", "its name ends in .lst or .lst.gz, in small letters"),
        ("a/lists/x.LST.GZ", "its name ends in .lst or .lst.gz, in small letters"),
        ("a/x.lst", "it lies right below <dataset>/lists/"),
        ("x.lst", "it lies right below <dataset>/lists/"),
        ("a/lists/new/x.lst", "it lies right below <dataset>/lists/"),
        ("a/lists/new/x.lst.gz", "it lies right below <dataset>/lists/"),
        ("a/lists/x.txt", "its name ends in .lst or .lst.gz"),
        ("a/lists/x.lst.zip", "its name ends in .lst or .lst.gz"),
    ],
)
def test_what_is_nearly_a_list_is_said(
    executions: Stubber, key: str, cure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rule_hears(key)
    answer = call("start_run", dropped_as(key))
    assert answer["started"] is False
    assert cure in answer["reason"]


@pytest.mark.parametrize(
    "key", ["a/images/x.png", "a/runs/a-0123456789abcdef/plan.json", "a/labels.txt", "lists/x.png"]
)
def test_nothing_else_wakes_the_function(key: str) -> None:
    assert not rule_hears(key)


def test_a_list_of_images_starts_its_batch(executions: Stubber) -> None:
    dropped = event("s3_object_created")
    listed = dropped["detail"]["object"]
    listed["key"] = "demo/batches/new.txt"
    bucket = dropped["detail"]["bucket"]["name"]
    batch = batch_name(bucket, listed["key"], listed["version-id"], listed["etag"])
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:tagline-tag-batch"
    expected = {"stateMachineArn": machine, "name": batch, "input": ANY}
    answer = {"executionArn": "arn", "startDate": 0}
    executions.add_response("start_execution", answer, expected)
    assert call("start_run", dropped) == {"started": True, "run": batch}


def test_what_a_batch_leaves_starts_nothing(executions: Stubber) -> None:
    dropped = event("s3_object_created")
    for name in ("new.tags.lst", "deeper/new.txt"):
        dropped["detail"]["object"]["key"] = f"demo/batches/{name}"
        assert call("start_run", dropped)["started"] is False
    executions.assert_no_pending_responses()
