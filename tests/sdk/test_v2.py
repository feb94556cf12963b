"""SageMaker's Python SDK v2: each program writes its calls as the SDK's documentation does."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tagline.cli.cloud import RunningCloud
from tests.integration.trainer_jobs import jpeg, training_job
from tests.sdk.conftest import Program

pytestmark = [pytest.mark.cloud, pytest.mark.laptop, pytest.mark.slow]
JOB = "sdk-tiny"
Runs = dict[str, Future[str]]


@pytest.fixture(scope="module")
def data(cloud: RunningCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Channels of a tiny packed dataset, and two images, below a URI."""
    folder = training_job(tmp_path_factory.mktemp("tiny")) / "input/data"
    for number, path in enumerate(images(folder.parent)):
        path.rename(folder / f"{number}.jpg")
    bucket, key = cloud.target.outputs.bucket, "tiny/packed"
    for file in folder.rglob("*.*"):
        where = "images" if file.suffix == ".jpg" else file.parent.name
        cloud.target.s3.upload_file(str(file), bucket, f"{key}/{where}/{file.name}")
    return f"s3://{bucket}/{key}"


def images(folder: Path) -> list[Path]:
    """Draw two designs."""
    drawn = [folder / "red.jpg", folder / "blue.jpg"]
    for path, marks in zip(drawn, ([1, 0, 0, 0], [0, 0, 1, 1]), strict=True):
        path.write_bytes(jpeg(marks, np.random.default_rng(5), 32))
    return drawn


@pytest.fixture(scope="module")
def programs(
    sdk_v2: Program, data: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    """What each program prints. They run side by side: the SDK looks at things every 30 s."""
    image = str(images(tmp_path_factory.mktemp("image"))[0])
    with ThreadPoolExecutor(4) as pool:
        trained = pool.submit(sdk_v2, "train.py", JOB, data)

        def after(*arguments: str) -> str:
            trained.result()
            return sdk_v2(*arguments)

        yield {
            "train.py": trained,
            "tune.py": pool.submit(sdk_v2, "tune.py", data),
            "serve.py": pool.submit(after, "serve.py", JOB, image),
            "transform.py": pool.submit(after, "transform.py", JOB, f"{data}/images/"),
        }


def test_a_session_needs_no_bucket_and_no_address_of_sts(sdk_v2: Program) -> None:
    sdk_v2("session.py")


def test_fit_shows_the_log_and_has_analytics(programs: Runs) -> None:
    said = programs["train.py"].result()
    assert "validation:mAP=" in said
    assert "Training seconds:" in said
    assert "sm-pysdk" not in said  # where its telemetry goes


def test_a_tuner_finds_its_best_estimator(programs: Runs) -> None:
    programs["tune.py"].result()


def test_an_estimator_is_deployed_asked_and_deleted(programs: Runs) -> None:
    programs["serve.py"].result()


def test_an_estimator_transforms_a_prefix(programs: Runs) -> None:
    programs["transform.py"].result()
