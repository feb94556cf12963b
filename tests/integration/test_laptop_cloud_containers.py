"""Container tasks on the laptop cloud: the image's entry point as a process."""

import json
from typing import Any

import pytest

from tests.integration.conftest import Stack, task
from tests.laptop import eventually

pytestmark = pytest.mark.cloud


def test_a_container_task_runs_the_images_entry_point(stack: Stack) -> None:
    result = stack.run({"Pack": container(stack, "Pack", ["exit", "0"])})
    assert result["status"] == "SUCCEEDED", result
    stopped = json.loads(result["output"])
    assert stopped["Containers"][0]["ExitCode"] == 0
    lines = eventually(lambda: log_of(stack, stopped, "SHELL_SECRET"))
    assert "arguments exit 0" in lines
    assert "FROM_IMAGE image" in lines
    assert "FROM_TASK task" in lines
    assert "FROM_RUN run" in lines
    assert f"AWS_ENDPOINT_URL {stack.cloud.endpoint}" in lines
    assert "SHELL_SECRET None" in lines


def test_a_container_that_exits_with_an_error_fails_its_task(stack: Stack) -> None:
    result = stack.run({"Pack": container(stack, "Pack", ["exit", "3"])})
    assert (result["status"], result["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(result["cause"])
    assert cause["Containers"][0]["ExitCode"] == 3
    assert cause["StopCode"] == "EssentialContainerExited"


def test_an_image_without_a_folder_fails_its_task_and_says_why(stack: Stack) -> None:
    result = stack.run({"Pack": container(stack, "Unknown", [], name="unknown")})
    assert result["error"] == "States.TaskFailed"
    reason = json.loads(result["cause"])["StoppedReason"]
    assert "nobody-made-this" in reason
    assert "Dockerfile does not exist" in reason


def test_stopping_an_execution_stops_its_container(stack: Stack) -> None:
    ecs, sfn = stack.client("ecs"), stack.client("stepfunctions")
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 0, "MaxAttempts": 3}]
    state = container(stack, "Pack", ["sleep"]) | {"Retry": retry}
    started = stack.run({"Pack": state}, wait=False)

    def tasks(status: str) -> list[dict[str, Any]]:
        arns = ecs.list_tasks(cluster=stack["Cluster"], desiredStatus="RUNNING")["taskArns"]
        found = ecs.describe_tasks(cluster=stack["Cluster"], tasks=arns)["tasks"] if arns else []
        return [task for task in found if task["lastStatus"] == status]

    eventually(lambda: tasks("RUNNING"))
    before = len(ecs.list_tasks(cluster=stack["Cluster"], desiredStatus="STOPPED")["taskArns"])
    sfn.stop_execution(executionArn=started["executionArn"], cause="enough")
    eventually(lambda: not tasks("RUNNING"))
    after = len(ecs.list_tasks(cluster=stack["Cluster"], desiredStatus="STOPPED")["taskArns"])
    assert after == before + 1  # and Retry starts no other
    result = stack.result(started["executionArn"])
    assert (result["status"], result["cause"]) == ("ABORTED", "enough")


def test_a_container_task_ends_at_its_timeout(stack: Stack) -> None:
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 0, "MaxAttempts": 1}]
    state = container(stack, "Pack", ["sleep"]) | {"TimeoutSeconds": 2, "Retry": retry}
    result = stack.run({"Pack": state})
    assert result["error"] == "States.Timeout"
    events = stack.client("stepfunctions").get_execution_history(
        executionArn=result["executionArn"]
    )["events"]
    failures = [event for event in events if event["type"] == "TaskFailed"]
    assert len(failures) == 2
    assert (failures[1]["timestamp"] - failures[0]["timestamp"]).total_seconds() > 1.5


def container(
    stack: Stack, definition: str, command: list[str], name: str = "pack"
) -> dict[str, Any]:
    override = {"Name": name, "Command": command} if command else {"Name": name}
    environment = [{"Name": "FROM_RUN", "Value": "run"}]
    return task(
        "ecs:runTask.sync",
        {
            "Cluster": stack["Cluster"],
            "TaskDefinition": stack[definition],
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}},
            "Overrides": {"ContainerOverrides": [{**override, "Environment": environment}]},
        },
    )


def log_of(stack: Stack, stopped: dict[str, Any], last: str) -> list[str]:
    """Return the lines of a stopped task once the one that begins with `last` is there."""
    stream = f"pack/pack/{stopped['TaskArn'].rsplit('/', 1)[-1]}"
    streams = stack.client("logs").describe_log_streams(
        logGroupName=stack["Logs"], logStreamNamePrefix=stream
    )["logStreams"]
    if not streams:
        return []
    events = stack.client("logs").get_log_events(
        logGroupName=stack["Logs"], logStreamName=stream, startFromHead=True
    )["events"]
    lines = [event["message"] for event in events]
    return lines if any(line.startswith(last) for line in lines) else []
