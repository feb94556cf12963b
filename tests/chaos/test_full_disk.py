"""A disk without space under a run: a file system of a few hundred MiB, filled up for real.

Mounting one takes privileges; `tests/integration/test_laptop_cloud_full_disk.py` does without.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tagline.designs import DesignSet
from tests.chaos.conftest import DATASET, Kept, alerts, started
from tests.e2e.pipeline import OnLaptop, list_rows
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
SIZE, FLOOR = 768, 64  # MiB


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of SIZE MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file: Path) -> None:
    """Write to a file until its disk takes no more."""
    with file.open("wb", buffering=0) as stream:
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while stream.write(bytes(size)):
                    pass


def versions(pipeline: OnLaptop) -> dict[tuple[str, str], int]:
    """Return the sizes of all versions of the dataset's objects, each of them read whole."""
    pages = pipeline.s3.get_paginator("list_object_versions").paginate(
        Bucket=pipeline.bucket, Prefix=f"{DATASET}/"
    )
    found = {}
    for page in pages:
        for item in page.get("Versions", ()):
            body = pipeline.s3.get_object(
                Bucket=pipeline.bucket, Key=item["Key"], VersionId=item["VersionId"]
            )["Body"].read()
            assert len(body) == item["Size"], item
            found[item["Key"], item["VersionId"]] = item["Size"]
    return found


@pytest.mark.parametrize("state", ["FetchShards", "PackDataset", "Train"])
def test_a_run_on_a_full_disk_gets_its_status_once_there_is_room(
    small_disk: Path,
    empty: Kept,
    designs: DesignSet,
    state: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TAGLINE_FREE_FLOOR_MIB", str(FLOOR))
    folder = empty.copy(small_disk / "cloud")
    ballast = small_disk / "ballast"
    with started(folder) as pipeline:
        run = pipeline.drop(DATASET, list_rows(designs))
        machine = pipeline.cloud.target.outputs.state_machine
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{run}"
        eventually(lambda: pipeline.entered(run)[-1:] == [state], seconds=120)
        fill(ballast)
        with pytest.raises(ClientError, match="InsufficientStorage"):
            pipeline.drop(DATASET, list_rows(designs), "refused")
        eventually(
            lambda: pipeline.states.describe_execution(executionArn=arn)["status"] != "RUNNING",
            seconds=240,
        )
        before = versions(pipeline)
        ballast.unlink()
        ended = eventually(lambda: status(pipeline, run), seconds=120)
        assert ended["outcome"] == "Failed", ended
        assert {alert["run"] for alert in alerts(pipeline, 1)} == {run}
    with started(folder) as pipeline:
        assert before.items() <= versions(pipeline).items()
        assert pipeline.run(DATASET, list_rows(designs)).status["outcome"] == "Promoted"


def status(pipeline: OnLaptop, run: str) -> dict[str, str] | None:
    try:
        found: dict[str, str] = pipeline.json(f"{DATASET}/runs/{run}/status.json")
    except pipeline.s3.exceptions.NoSuchKey:
        return None
    return found
