"""Spot capacity that is taken away, and checkpoints that outlive it, on the laptop cloud."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.laptop_sagemaker import BUCKET, Toys, add_toys
from tests.laptop import LaptopCloud, eventually

pytestmark = pytest.mark.cloud
LOGS = "/aws/sagemaker/TrainingJobs"


@pytest.fixture
def laptop(laptop_cloud: LaptopCloud) -> Toys:
    add_toys(laptop_cloud.root)
    return Toys(laptop_cloud)


def spot_job(laptop: Toys, name: str, **stopping: int) -> dict[str, Any]:
    request = laptop.training(name, mode="spot")
    request["EnableManagedSpotTraining"] = True
    request["StoppingCondition"] = {
        "MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90, **stopping,
    }  # fmt: skip
    request["CheckpointConfig"] = {"S3Uri": f"s3://{BUCKET}/checkpoints/{name}/"}
    return request


def kept(laptop: Toys, name: str) -> list[str]:
    """Return the names of the checkpoints in S3."""
    prefix = f"checkpoints/{name}/"
    found = laptop.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())
    return [item["Key"].removeprefix(prefix) for item in found]


def await_checkpoint(laptop: Toys, name: str, epoch: int) -> None:
    eventually(lambda: f"epoch-{epoch}" in kept(laptop, name))


def await_interruption(laptop: Toys, name: str, times: int) -> None:
    eventually(lambda: statuses(laptop, name).count("Interrupted") == times)


def statuses(laptop: Toys, name: str) -> list[str]:
    """Return what a job has gone through."""
    job = laptop.sagemaker.describe_training_job(TrainingJobName=name)
    return [step["Status"] for step in job["SecondaryStatusTransitions"]]


def signal_trainer(name: str, number: signal.Signals) -> None:
    """Take a job's capacity away."""

    def process() -> int | None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"TRAINING_JOB_NAME={name}" in (folder / "environ").read_text().split("\0"):
                    return int(folder.name)
            except OSError:  # another's, or one that has ended
                continue
        return None

    os.kill(eventually(process), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_job_that_loses_its_capacity_begins_again_with_its_checkpoints(
    laptop: Toys, number: signal.Signals
) -> None:
    name = f"spot-{number.value}"
    laptop.sagemaker.create_training_job(**spot_job(laptop, name))
    for epoch in (1, 2):
        await_checkpoint(laptop, name, epoch)  # while it runs
        signal_trainer(name, number)
        await_interruption(laptop, name, epoch)

    job = laptop.trained(name)

    assert job["TrainingJobStatus"] == "Completed"
    start = ["Starting", "Downloading", "Training"]
    assert statuses(laptop, name) == [
        *start, "Interrupted", *start, "Interrupted", *start, "Uploading", "Completed",
    ]  # fmt: skip
    events = laptop.logs.filter_log_events(logGroupName=LOGS)["events"]
    lines = [e["message"] for e in events if e["logStreamName"].startswith(f"{name}/")]
    assert [line for line in lines if line.startswith("found")] == [
        "found []",
        "found ['epoch-1']",
        "found ['epoch-1', 'epoch-2']",
    ]
    assert kept(laptop, name) == ["epoch-2", "epoch-3"]  # what the job deletes goes in S3, too
    assert job["BillableTimeInSeconds"] <= job["TrainingTimeInSeconds"]
    assert job["BillableTimeInSeconds"] < max(1, job["TrainingTimeInSeconds"])


def test_without_spot_capacity_a_killed_trainer_fails_the_job(laptop: Toys) -> None:
    laptop.sagemaker.create_training_job(**laptop.training("own", mode="spot"))
    signal_trainer("own", signal.SIGKILL)
    job = laptop.trained("own")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].endswith("exit code: 137")


def test_another_job_finds_what_the_first_one_left(laptop: Toys) -> None:
    uri = f"s3://{BUCKET}/checkpoints/shared/"
    for name in ("first", "second"):
        request = laptop.training(name, mode="spot")
        request["CheckpointConfig"] = {"S3Uri": uri}
        laptop.sagemaker.create_training_job(**request)
        await_checkpoint(laptop, "shared", {"first": 1, "second": 2}[name])
        laptop.sagemaker.stop_training_job(TrainingJobName=name)
        assert laptop.trained(name)["SecondaryStatus"] == "Stopped"
    assert laptop.get(f"{uri}epoch-1") == b"first"
    assert laptop.get(f"{uri}epoch-2") == b"second"


def test_a_waiting_time_below_the_runtime_is_refused(laptop: Toys) -> None:
    with pytest.raises(ClientError, match="MaxWaitTimeInSeconds"):
        laptop.sagemaker.create_training_job(**spot_job(laptop, "short", MaxWaitTimeInSeconds=59))
