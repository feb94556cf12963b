"""Nothing that the laptop cloud answered for is lost when it is killed at once."""

import json
import re
import signal
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Deployed, Stack
from tests.integration.test_laptop_cloud_lifecycle import processes_of, workers
from tests.laptop import LaptopCloud, eventually, running

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
ENDED = "Step-Functions-Execution-Status-Change"


def put_list(stack: Stack, name: str) -> None:
    stack.client("s3").put_object(
        Bucket=stack["Bucket"], Key=f"shop/lists/{name}.lst", Body=b"1\t0\ta.png"
    )


def history(stack: Stack, execution: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.client("stepfunctions").get_execution_history(
        executionArn=execution
    )["events"]
    return found


def entered(stack: Stack, execution: str) -> list[str]:
    """Return the names of the states that an execution has been in."""
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in history(stack, execution)
        if event["type"].endswith("StateEntered")
    ]


def test_a_list_dropped_just_before_the_kill_is_heard_after_it(
    deployed: Deployed, tmp_path: Path
) -> None:
    state = deployed.copy(tmp_path)
    first, second, batch = (uuid.uuid4().hex for _ in range(3))
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        put_list(stack, first)
        stack.client("s3").put_object(
            Bucket=stack["Bucket"], Key=f"shop/batches/{batch}.txt", Body=b"a.png"
        )
        put_list(stack, second)
        put_list(stack, second)
        cloud.stop(signal.SIGKILL)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        eventually(lambda: stack.heard("Object-Created", first))
        eventually(lambda: stack.heard("Object-Created", batch))
        events = eventually(lambda: two(stack.heard("Object-Created", second)))
        versions = {event["detail"]["object"]["version-id"] for event in events}
        listed = stack.client("s3").list_object_versions(
            Bucket=stack["Bucket"], Prefix=f"shop/lists/{second}"
        )
        assert versions == {version["VersionId"] for version in listed["Versions"]}


def two(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return events if len(events) >= 2 else []


def test_an_execution_is_there_after_a_kill_in_the_state_it_was_in(
    deployed: Deployed, tmp_path: Path
) -> None:
    state = deployed.copy(tmp_path)
    waits = {
        "Look": {"Type": "Pass", "Next": "Think"},
        "Think": {"Type": "Wait", "Seconds": 600, "Next": "Act"},
        "Act": {"Type": "Succeed"},
    }
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        interrupted = stack.run(waits, wait=False)["executionArn"]
        eventually(lambda: entered(stack, interrupted) == ["Look", "Think"])
        done = stack.run({"Done": {"Type": "Succeed"}}, {"n": 1})["executionArn"]
        newest = stack.run(waits, wait=False)["executionArn"]
        cloud.stop(signal.SIGKILL)
    with running(state, deployed.root) as cloud:
        assert cloud.stop(signal.SIGINT) == 0  # before anybody could hear of it
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        for execution in (interrupted, newest):
            ended = stack.result(execution)
            assert (ended["status"], ended["error"]) == ("ABORTED", "Laptop.Stopped")
            heard = eventually(lambda: stack.heard(ENDED, execution))  # noqa: B023
            assert {event["detail"]["status"] for event in heard} == {"ABORTED"}
        assert entered(stack, interrupted) == ["Look", "Think"]
        assert history(stack, interrupted)[-1]["type"] == "ExecutionAborted"
        succeeded = stack.result(done)
        assert (succeeded["status"], succeeded["output"]) == ("SUCCEEDED", '{"n": 1}')


def test_what_has_ended_is_not_written_again_with_what_goes_on(
    deployed: Deployed, tmp_path: Path
) -> None:
    state = deployed.copy(tmp_path)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        ended = stack.run({"Done": {"Type": "Succeed"}}, {"n": 1})["executionArn"]
        going_on = stack.run({"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}, wait=False)
        saved = state / "state/stepfunctions.json"
        eventually(lambda: saved.exists() and going_on["executionArn"] in saved.read_text())
        eventually(lambda: ended not in saved.read_text())
        cloud.stop(signal.SIGKILL)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        assert stack.result(ended)["output"] == '{"n": 1}'
        assert entered(stack, ended) == ["Done"]
        machine = stack.result(ended)["stateMachineArn"]
        stack.client("stepfunctions").delete_state_machine(stateMachineArn=machine)
        assert cloud.stop() == 0
    with running(state, deployed.root) as cloud:
        sfn = cloud.client("stepfunctions")
        with pytest.raises(sfn.exceptions.ExecutionDoesNotExist):
            sfn.describe_execution(executionArn=ended)


def test_a_notice_is_given_once_it_has_been_heard_and_not_again(
    deployed: Deployed, tmp_path: Path
) -> None:
    state = deployed.copy(tmp_path)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        arn = stack.run({"Done": {"Type": "Succeed"}})["executionArn"]
        (heard,) = eventually(lambda: stack.heard(ENDED, arn))
        eventually(lambda: b'{"told": ' in (state / "journal.db-wal").read_bytes())
        cloud.stop(signal.SIGKILL)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        put_list(stack, "later")
        eventually(lambda: stack.heard("Object-Created", "later"))
        assert [event["id"] for event in stack.heard(ENDED, arn)] == [heard["id"]]


@pytest.mark.parametrize("awake", [False, True], ids=["starting", "working"])
def test_a_worker_ends_with_its_cloud_however_young_it_is(
    deployed: Deployed, tmp_path: Path, awake: bool
) -> None:
    state = deployed.copy(tmp_path)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        late = b'{"mood": "late"}'
        stack.client("lambda").invoke(
            FunctionName=stack["Moody"], InvocationType="Event", Payload=late
        )
        eventually(lambda: started(stack) if awake else workers(cloud))
        cloud.stop(signal.SIGKILL)
    with running(state, deployed.root, port=cloud.port) as cloud:
        eventually(lambda: workers(cloud) == [])
        assert processes_of(cloud) == []
        listed = cloud.client("s3").list_objects_v2(Bucket=stack["Bucket"], Prefix="late/")
        assert [item["Key"] for item in listed.get("Contents", ())] in ([], ["late/begun"])


def started(stack: Stack) -> bool:
    listed = stack.client("s3").list_objects_v2(Bucket=stack["Bucket"], Prefix="late/begun")
    return bool(listed["KeyCount"])


@pytest.mark.parametrize("asked", ["CREATE_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_sams_own_stack_is_made_anew_when_a_kill_cut_its_creation_short(
    deployed: Deployed, tmp_path: Path, asked: str
) -> None:
    state = tmp_path / "state"
    name = "aws-sam-cli-managed-default"
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "sam-uploads"}}
    outputs = {"SourceBucket": {"Value": {"Ref": "SourceBucket"}}}
    template = json.dumps({"Resources": {"SourceBucket": bucket}, "Outputs": outputs})
    change = {"StackName": name, "ChangeSetName": "InitialCreation"}

    def create(cloud: LaptopCloud) -> dict[str, str]:
        """Do as sam does."""
        cloudformation = cloud.client("cloudformation")
        cloudformation.create_change_set(**change, TemplateBody=template, ChangeSetType="CREATE")
        cloudformation.execute_change_set(**change)
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1})
        return cloud.outputs(name)

    with running(state, deployed.root) as cloud:
        if asked == "CREATE_COMPLETE":
            create(cloud)
        else:
            cloud.client("cloudformation").create_change_set(
                **change, TemplateBody=template, ChangeSetType="CREATE"
            )
        assert cloud.stop() == 0
    file = state / "state/cloudformation.json"
    cut = file.read_text().replace("CREATE_COMPLETE", "CREATE_IN_PROGRESS")
    file.write_text(re.sub(r'"Outputs": \[\{[^]]*\]', '"Outputs": []', cut))
    with running(state, deployed.root) as cloud:
        assert create(cloud) == {"SourceBucket": "sam-uploads"}
