"""RedriveExecution on the laptop cloud goes on where an execution stopped, as on AWS."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import Deployed, Stack, task
from tests.laptop import eventually, running

pytestmark = pytest.mark.cloud


def once(stack: Stack, **more: object) -> dict[str, Any]:
    """Return a task that fails the first time it is tried."""
    mood = {"mood": "once", "id": uuid.uuid4().hex, "failures": 1}
    state = task(
        "lambda:invoke",
        {"FunctionName": stack["Moody"], "Payload": mood},
        ResultSelector={"attempts.$": "$.Payload.attempts"},
        **more,
    )
    return {key: value for key, value in state.items() if key != "End"}


def entered(stack: Stack, arn: str) -> list[str]:
    events = stack.client("stepfunctions").get_execution_history(executionArn=arn)["events"]
    return [
        event.get("stateEnteredEventDetails", {}).get("name") or event["type"]
        for event in events
        if event["type"].endswith("StateEntered") or event["type"].startswith("Execution")
    ]


def test_a_failed_execution_goes_on_from_the_state_that_failed(stack: Stack) -> None:
    say = {"n.$": "$.n", "tried.$": "$.tried.attempts", "redriven.$": "$$.Execution.RedriveCount"}
    states = {
        "First": {"Type": "Pass", "Result": 7, "ResultPath": "$.n", "Next": "Try"},
        "Try": once(stack, ResultPath="$.tried", Next="Say"),
        "Say": {"Type": "Pass", "Parameters": say, "End": True},
    }
    failed = stack.run(states)
    assert failed["status"] == "FAILED"
    assert (failed["redriveCount"], failed["redriveStatus"]) == (0, "REDRIVABLE")
    sfn = stack.client("stepfunctions")
    sfn.redrive_execution(executionArn=failed["executionArn"])
    done = stack.result(failed["executionArn"])
    assert json.loads(done["output"]) == {"n": 7, "redriven": 1, "tried": 2}
    assert (done["status"], done["redriveCount"]) == ("SUCCEEDED", 1)
    assert "error" not in done
    assert entered(stack, failed["executionArn"]) == [
        *("ExecutionStarted", "First", "Try", "ExecutionFailed"),
        *("ExecutionRedriven", "Try", "Say", "ExecutionSucceeded"),
    ]


def test_what_ended_well_or_goes_on_is_not_redriven(stack: Stack) -> None:
    sfn = stack.client("stepfunctions")
    done = stack.run({"Say": {"Type": "Pass", "End": True}})
    assert done["redriveStatus"] == "NOT_REDRIVABLE"
    waiting = stack.run({"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}, wait=False)
    for execution in (done, waiting):
        with pytest.raises(ClientError, match="cannot be redriven") as refused:
            sfn.redrive_execution(executionArn=execution["executionArn"])
        assert refused.value.response["Error"]["Code"] == "ExecutionNotRedrivable"
    with pytest.raises(ClientError) as unknown:
        sfn.redrive_execution(executionArn=f"{done['executionArn']}x")
    assert unknown.value.response["Error"]["Code"] == "ExecutionDoesNotExist"
    sfn.stop_execution(executionArn=waiting["executionArn"])
    sfn.redrive_execution(executionArn=waiting["executionArn"])
    again = sfn.describe_execution(executionArn=waiting["executionArn"])
    assert (again["status"], again["redriveCount"]) == ("RUNNING", 1)
    sfn.stop_execution(executionArn=waiting["executionArn"])


def test_a_fail_state_only_fails_again(stack: Stack) -> None:
    failed = stack.run({"No": {"Type": "Fail", "Error": "No", "Cause": "never"}})
    stack.client("stepfunctions").redrive_execution(executionArn=failed["executionArn"])
    again = stack.result(failed["executionArn"])
    assert (again["status"], again["error"], again["redriveCount"]) == ("FAILED", "No", 1)


def test_children_that_had_succeeded_do_not_run_again(stack: Stack) -> None:
    steady = {"mood": "once", "id": uuid.uuid4().hex, "failures": 0}
    shaky = {"mood": "once", "id": uuid.uuid4().hex, "failures": 1}
    child = task(
        "lambda:invoke",
        {"FunctionName": stack["Moody"], "Payload.$": "$"},
        ResultSelector={"attempts.$": "$.Payload.attempts"},
    )
    each = {
        "Type": "Map",
        "Label": "Each",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Try",
            "States": {"Try": child},
        },
        "End": True,
    }
    failed = stack.run({"Each": each}, [steady, shaky])
    assert failed["error"] == "States.ExceedToleratedFailureThreshold"
    stack.client("stepfunctions").redrive_execution(executionArn=failed["executionArn"])
    done = stack.result(failed["executionArn"])
    assert json.loads(done["output"]) == [{"attempts": 1}, {"attempts": 2}]


def test_a_redriven_execution_outlives_the_laptop_cloud(deployed: Deployed, tmp_path: Path) -> None:
    state = deployed.copy(tmp_path)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        waiting = stack.run({"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}, wait=False)
        arn = waiting["executionArn"]
        sfn = stack.client("stepfunctions")
        sfn.stop_execution(executionArn=arn)
    with running(state, deployed.root) as cloud:  # it is closed, and kept apart
        cloud.client("stepfunctions").redrive_execution(executionArn=arn)
    with running(state, deployed.root) as cloud:

        def aborted() -> Any:
            found = cloud.client("stepfunctions").describe_execution(executionArn=arn)
            return found if found["status"] == "ABORTED" else None

        found = eventually(aborted)
        assert (found["error"], found["redriveCount"]) == ("Laptop.Stopped", 1)
        assert found["redriveStatus"] == "REDRIVABLE"
        events = entered(deployed.stack(cloud), arn)
        assert events.count("ExecutionRedriven") == 1
