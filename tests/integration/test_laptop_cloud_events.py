"""Events reach rules: dropped objects, and executions that end."""

import uuid

import pytest

from tests.integration.conftest import Stack
from tests.laptop import eventually

pytestmark = pytest.mark.cloud


def test_a_dropped_list_reaches_the_rule_with_version_and_etag(stack: Stack) -> None:
    name = uuid.uuid4().hex
    s3 = stack.client("s3")
    s3.put_object(Bucket=stack["Bucket"], Key=f"shop/other/{name}.txt", Body=b"no list")
    put = s3.put_object(Bucket=stack["Bucket"], Key=f"shop/lists/{name}.lst", Body=b"1\t0\ta.png")
    (event,) = eventually(lambda: stack.heard("Object-Created", name))
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
    (event,) = eventually(lambda: stack.heard("Step-Functions-Execution-Status-Change", arn))
    assert event["detail"]["status"] == "SUCCEEDED"
