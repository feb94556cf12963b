"""`tagline up` after one that was killed while it deployed."""

import os
import signal
import subprocess
import time
from pathlib import Path

import boto3
import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tagline.cli.cloud import running_cloud
from tagline.cli.environments import ROOT
from tagline.cli.places import free_port
from tests.integration.test_laptop_cloud_lifecycle import processes_with
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow]


def stacks(endpoint: str) -> dict[str, str]:
    """Return the stacks that there are with their status."""
    client = boto3.client("cloudformation", endpoint_url=endpoint, region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")  # fmt: skip
    try:
        found = client.describe_stacks()["Stacks"]
    except (BotoCoreError, ClientError):
        return {}
    return {stack["StackName"]: stack["StackStatus"] for stack in found}


def has_bucket(endpoint: str) -> bool:
    """Return whether the data bucket is there."""
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")  # fmt: skip
    buckets = client.list_buckets()["Buckets"]
    return any(bucket["Name"].startswith("tagline-data-") for bucket in buckets)


@pytest.mark.parametrize(
    "when", ["at its beginning", "once its bucket is there", "once it is saved"]
)
def test_up_recovers_from_a_deployment_that_was_killed(
    tmp_path: Path, build_dir: Path, when: str
) -> None:
    state = tmp_path / "cloud"
    port = free_port()
    up = subprocess.Popen(
        [ROOT / ".venv/bin/tagline", "up", "--port", str(port), "--state-dir", state],
        env={**os.environ, "TAGLINE_STATE": str(tmp_path / "own")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    endpoint = f"http://127.0.0.1:{port}"
    eventually(lambda: stacks(endpoint).get("tagline") == "CREATE_IN_PROGRESS", 240)
    if when == "once its bucket is there":
        eventually(lambda: has_bucket(endpoint), 60)
    if when == "once it is saved":
        file = state / "state/cloudformation.json"
        deadline = time.monotonic() + 60
        while not (file.exists() and '"tagline"' in file.read_text()):
            assert time.monotonic() < deadline
    for process in [psutil.Process(up.pid), *psutil.Process(up.pid).children()]:
        process.send_signal(signal.SIGKILL)
    up.wait()
    eventually(lambda: processes_with(endpoint) == [])
    with running_cloud(free_port(), state, build_dir=build_dir) as cloud:
        assert cloud.target.outputs.bucket
        assert set(stacks(cloud.endpoint).values()) <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
