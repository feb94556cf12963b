"""A full disk loses nothing: what cannot be written is refused, and made up for later.

The disk is full by a limit on the size of files, set on the running cloud from outside; what a
write then meets is an OSError as on a disk without space.
"""

import json
import resource
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tagline.cli.drop import drop_dataset
from tagline.cli.errors import Refused
from tagline.cli.target import Outputs, laptop_target
from tagline.formats.keys import DatasetKeys
from tests.integration.conftest import Deployed, Stack
from tests.integration.laptop_sagemaker import Toys, add_toys
from tests.laptop import LaptopCloud, eventually, make_root, running

pytestmark = pytest.mark.cloud
ENDED = "Step-Functions-Execution-Status-Change"
BUCKET = "kept"
KEY = "a/b.txt"
LARGE = b"0" * (1 << 20)
ALL_THERE_IS = str(1 << 40)  # MiB; a floor that no disk is above


def limit(cloud: LaptopCloud, size: int) -> None:
    """Let the cloud write no file beyond a size."""
    _, hard = resource.prlimit(cloud.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(cloud.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    """Check how a client is told that there is no room; return the message."""
    answer = error.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 507
    assert answer["Error"]["Code"] == "InsufficientStorage"
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0
    return str(answer["Error"]["Message"])


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LaptopCloud]:
    """A cloud of one's own with a versioned bucket and one object."""
    with running(tmp_path / "state", make_root(tmp_path / "root")) as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"first", Tagging="word=first")
        yield cloud


def check_unchanged(cloud: LaptopCloud) -> None:
    """Check that the bucket is as it was, in memory and after a restart."""
    s3 = cloud.client("s3")
    listed = s3.list_object_versions(Bucket=BUCKET)
    assert [version["Key"] for version in listed["Versions"]] == [KEY]
    assert "DeleteMarkers" not in listed
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"first"
    version = listed["Versions"][0]["VersionId"]
    by_id = s3.get_object(Bucket=BUCKET, Key=KEY, VersionId=version)
    assert by_id["Body"].read() == b"first"
    tags = s3.get_object_tagging(Bucket=BUCKET, Key=KEY)["TagSet"]
    assert tags == [{"Key": "word", "Value": "first"}]


def test_an_object_that_does_not_fit_is_refused_and_the_former_is_whole(
    cloud: LaptopCloud,
) -> None:
    s3 = cloud.client("s3")
    limit(cloud, 1 << 19)
    for key in (KEY, "new.txt"):
        with pytest.raises(ClientError) as error:
            s3.put_object(Bucket=BUCKET, Key=key, Body=LARGE, Tagging="word=second")
        assert "disk is full" in refused(error)
    check_unchanged(cloud)
    cloud.stop()
    with running(cloud.state_dir, cloud.root) as again:
        check_unchanged(again)


def test_nothing_else_that_writes_is_half_done(cloud: LaptopCloud) -> None:
    s3 = cloud.client("s3")
    source = {"Bucket": BUCKET, "Key": KEY}
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=KEY)["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key=KEY, UploadId=upload, PartNumber=1, Body=b"joined")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    limit(cloud, 0)
    attempts: list[tuple[Any, dict[str, Any]]] = [
        (s3.complete_multipart_upload, {"UploadId": upload, "MultipartUpload": parts}),
        (s3.copy_object, {"CopySource": source, "MetadataDirective": "REPLACE"}),
        (s3.delete_object, {}),
        (s3.put_object_tagging, {"Tagging": {"TagSet": [{"Key": "word", "Value": "other"}]}}),
    ]
    for attempt, parameters in attempts:
        with pytest.raises(ClientError) as error:
            attempt(Bucket=BUCKET, Key=KEY, **parameters)
        refused(error)
        check_unchanged(cloud)
    with pytest.raises(ClientError) as error:
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": KEY}]})
    refused(error)
    check_unchanged(cloud)
    limit(cloud, resource.RLIM_INFINITY)
    s3.complete_multipart_upload(Bucket=BUCKET, Key=KEY, UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"joined"


def test_an_object_whose_file_is_gone_is_an_error_and_not_empty(cloud: LaptopCloud) -> None:
    file = cloud.state_dir / "s3/000000000000" / BUCKET / KEY
    file.unlink()
    with pytest.raises(ClientError) as error:
        cloud.client("s3").get_object(Bucket=BUCKET, Key=KEY)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert str(file) in error.value.response["Error"]["Message"]


@pytest.mark.slow
def test_below_the_floor_nothing_new_is_begun(tmp_path: Path) -> None:
    root = add_toys(make_root(tmp_path / "root"))
    with running(tmp_path / "state", root, "--free-floor", ALL_THERE_IS) as cloud:
        laptop = Toys(cloud)
        s3, sfn = cloud.client("s3"), cloud.client("stepfunctions")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="shop/runs/x/status.json", Body=b"{}")
        machine = sfn.create_state_machine(
            name="any",
            definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
            roleArn="arn:aws:iam::000000000000:role/any",
        )["stateMachineArn"]
        attempts: list[tuple[Any, dict[str, Any]]] = [
            (s3.put_object, {"Bucket": BUCKET, "Key": "shop/lists/a.lst", "Body": b"1"}),
            (sfn.start_execution, {"stateMachineArn": machine}),
            (cloud.client("sagemaker").create_training_job, laptop.training("short")),
        ]
        for attempt, parameters in attempts:
            with pytest.raises(ClientError) as error:
                attempt(**parameters)
            assert "free some space" in refused(error)
        assert sfn.list_executions(stateMachineArn=machine)["executions"] == []
        assert cloud.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []


def test_a_drop_is_refused_before_its_images_travel(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"png")
    (tmp_path / "a.lst").write_text("1\t0\ta.png\n")
    root = make_root(tmp_path / "root")
    with running(tmp_path / "state", root, "--free-floor", ALL_THERE_IS) as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        target = laptop_target(cloud.endpoint)
        vars(target)["outputs"] = Outputs(BUCKET, "", "")
        with pytest.raises(Refused, match="free some space"):
            drop_dataset(target, DatasetKeys("shop"), tmp_path / "a.lst", images=tmp_path)
        assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    with running(tmp_path / "state", root) as cloud:
        target = laptop_target(cloud.endpoint)
        vars(target)["outputs"] = Outputs(BUCKET, "", "")
        drop_dataset(target, DatasetKeys("shop"), tmp_path / "a.lst", images=tmp_path)
        found = cloud.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
        assert [item["Key"] for item in found] == ["shop/a.png", "shop/lists/a.lst"]


@pytest.mark.slow
def test_what_a_full_disk_kept_from_happening_happens_once_there_is_room(
    deployed: Deployed, tmp_path: Path
) -> None:
    state = deployed.copy(tmp_path)
    name = uuid.uuid4().hex
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        wait = {"Think": {"Type": "Wait", "Seconds": 600, "End": True}}
        execution = stack.run(wait, wait=False)["executionArn"]
        s3, sfn = cloud.client("s3"), cloud.client("stepfunctions")
        s3.put_object(Bucket=stack["Bucket"], Key=f"shop/lists/{name}.lst", Body=b"1\t0\ta")
        limit(cloud, 0)  # before the function that hears of the list has run
        sfn.stop_execution(executionArn=execution)
        machine = sfn.describe_execution(executionArn=execution)["stateMachineArn"]
        with pytest.raises(ClientError) as error:
            sfn.start_execution(stateMachineArn=machine, name="refused")
        refused(error)
        eventually(lambda: attempts_of(stack) >= 6)  # each notice was tried three times
        assert stack.heard(ENDED, execution) == []
        assert stack.heard("Object-Created", name) == []
        limit(cloud, resource.RLIM_INFINITY)
        eventually(lambda: stack.heard(ENDED, execution))
        eventually(lambda: stack.heard("Object-Created", name))
        names = [
            item["name"] for item in sfn.list_executions(stateMachineArn=machine)["executions"]
        ]
        assert names == [execution.rsplit(":", 1)[-1]]
        sfn.start_execution(stateMachineArn=machine, name="refused")


def attempts_of(stack: Stack) -> int:
    """Return how often the listening function was invoked."""
    logs = stack.client("logs")
    group = f"/aws/lambda/{stack['Heard']}"
    try:
        found = logs.filter_log_events(logGroupName=group, filterPattern="START")
    except logs.exceptions.ResourceNotFoundException:  # not once
        return 0
    return len(found["events"])


@pytest.mark.slow
def test_a_job_that_a_full_disk_ends_has_an_end(tmp_path: Path) -> None:
    root = add_toys(make_root(tmp_path / "root"))
    with running(tmp_path / "state", root) as cloud:
        laptop = Toys(cloud)
        sagemaker = cloud.client("sagemaker")
        sagemaker.create_training_job(**laptop.training("cut", mode="endless"))

        def described() -> dict[str, Any]:
            found: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName="cut")
            return found

        eventually(lambda: described()["FinalMetricDataList"])
        limit(cloud, 0)
        sagemaker.stop_training_job(TrainingJobName="cut")
        ended = eventually(lambda: (job := described())["TrainingJobStatus"] == "Failed" and job)
        assert (
            "Errno 27" in ended["FailureReason"] or "InsufficientStorage" in ended["FailureReason"]
        )
        limit(cloud, resource.RLIM_INFINITY)
        kept = cloud.state_dir / "sagemaker.json"
        eventually(lambda: '"TrainingJobStatus": "Failed"' in kept.read_text())
