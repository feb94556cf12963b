"""Events reach rules: dropped objects, and executions that end."""

import json
import uuid
from typing import Any

import pytest

from tests.integration.conftest import Stack
from tests.laptop import eventually

pytestmark = pytest.mark.cloud


def heard(stack: Stack, kind: str, about: str) -> list[dict[str, Any]]:
    """Return the events of a kind that the listening function kept and that name something."""
    s3 = stack.client("s3")
    listed = s3.list_objects_v2(Bucket=stack["Bucket"], Prefix=f"heard/{kind}/")
    bodies = [
        s3.get_object(Bucket=stack["Bucket"], Key=item["Key"])["Body"].read()
        for item in listed.get("Contents", ())
    ]
    return [event for event in map(json.loads, bodies) if about in json.dumps(event)]


def test_a_dropped_list_reaches_the_rule_with_version_and_etag(stack: Stack) -> None:
    name = uuid.uuid4().hex
    s3 = stack.client("s3")
    s3.put_object(Bucket=stack["Bucket"], Key=f"shop/other/{name}.txt", Body=b"no list")
    put = s3.put_object(Bucket=stack["Bucket"], Key=f"shop/lists/{name}.lst", Body=b"1\t0\ta.png")
    (event,) = eventually(lambda: heard(stack, "Object-Created", name))
    assert event["detail"]["object"] == {
        "key": f"shop/lists/{name}.lst",
        "size": 9,
        "etag": put["ETag"].strip('"'),
        "version-id": put["VersionId"],
        "sequencer": event["detail"]["object"]["sequencer"],
    }


def test_the_end_of_an_execution_reaches_the_rule(stack: Stack) -> None:
    result = stack.run({"Done": {"Type": "Succeed"}})
    arn = result["executionArn"]
    (event,) = eventually(lambda: heard(stack, "Step-Functions-Execution-Status-Change", arn))
    assert event["detail"]["status"] == "SUCCEEDED"
