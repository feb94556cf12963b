"""What the laptop cloud's SageMaker still has, and no longer runs, after a restart."""

import signal
from pathlib import Path

import psutil
import pytest

from tests.integration.laptop_sagemaker import Toys, add_toys
from tests.laptop import eventually, make_root, running

pytestmark = pytest.mark.cloud


@pytest.mark.parametrize(
    "end", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_a_restarted_cloud_serves_again_and_fails_what_ran(
    tmp_path: Path, end: signal.Signals
) -> None:
    root = add_toys(make_root(tmp_path / "root"))
    with running(tmp_path / "state", root) as cloud:
        laptop = Toys(cloud)
        laptop.create_config("kept-1", b"kept")
        laptop.sagemaker.create_endpoint(EndpointName="kept", EndpointConfigName="kept-1")
        assert laptop.settled("kept")["EndpointStatus"] == "InService"
        laptop.sagemaker.create_training_job(**laptop.training("cut", mode="endless"))
        eventually(
            lambda: laptop.sagemaker.describe_training_job(TrainingJobName="cut")[
                "FinalMetricDataList"
            ]
        )
        children = psutil.Process(cloud.process.pid).children()
        assert len(children) >= 2
        cloud.stop(end)
        eventually(lambda: not any(child.is_running() for child in children))
    with running(tmp_path / "state", root, port=cloud.port) as cloud:
        sagemaker = cloud.client("sagemaker")
        job = sagemaker.describe_training_job(TrainingJobName="cut")
        assert job["TrainingJobStatus"] == "Failed"
        assert "the laptop cloud was stopped" in job["FailureReason"]
        assert laptop.invoke("kept", b"", ContentType="a", Accept="b") == b"a b kept "
        assert laptop.settled("kept")["EndpointStatus"] == "InService"
        assert not (cloud.state_dir / "jobs" / "cut").exists()
