"""SageMaker's SDKs against a laptop cloud: programs as their documentation writes them.

A program runs in the environment of its SDK, with the variables that `tagline up` prints.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tagline.cli.cloud import RunningCloud, running_cloud
from tagline.cli.places import free_port
from tagline.cli.shell import variables
from tests.integration.trainer_jobs import jpeg, training_job
from tests.laptop import REPOSITORY

HERE = Path(__file__).parent
Program = Callable[..., str]
Runs = dict[str, Future[str]]
_JOB = "sdk-tiny"


@pytest.fixture(scope="session", autouse=True)
def started_early(request: pytest.FixtureRequest) -> None:
    """Start what waits most of its time before the first test, where a test asks for it."""
    if any("side_by_side" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("side_by_side")


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """The stack on a laptop cloud, as `tagline up` starts it; programs name their things apart."""
    with running_cloud(free_port(), tmp_path_factory.mktemp("sdk") / "cloud", fresh=True) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def printed(cloud: RunningCloud) -> dict[str, str]:
    """The environment of a shell into which what `tagline up` prints was pasted."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**own, **variables(cloud)}


@pytest.fixture(scope="session")
def sdk_v2(printed: dict[str, str]) -> Program:
    """Run a program of `tests/sdk/v2` in `.venvs/notebooks`; it returns what was printed."""
    return lambda name, *arguments: run("notebooks", HERE / "v2" / name, arguments, printed)


@pytest.fixture(scope="session")
def sdk_v3(printed: dict[str, str]) -> Program:
    """Run a program of `tests/sdk/v3` in `.venvs/sdk_v3`; it returns what was printed."""
    return lambda name, *arguments: run("sdk_v3", HERE / "v3" / name, arguments, printed)


@pytest.fixture(scope="session")
def tiny_channels(cloud: RunningCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
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


@pytest.fixture(scope="session")
def side_by_side(
    sdk_v2: Program, sdk_v3: Program, tiny_channels: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    """What each program prints. They run side by side: the SDK looks at things every 30 s."""
    image = str(images(tmp_path_factory.mktemp("image"))[0])
    with ThreadPoolExecutor(5) as pool:
        trained = pool.submit(sdk_v2, "train.py", _JOB, tiny_channels)

        def after(*arguments: str) -> str:
            trained.result()
            return sdk_v2(*arguments)

        yield {
            "train.py": trained,
            "model_trainer.py": pool.submit(
                sdk_v3, "model_trainer.py", "sdk-three", tiny_channels, image
            ),
            "tune.py": pool.submit(sdk_v2, "tune.py", tiny_channels),
            "serve.py": pool.submit(after, "serve.py", _JOB, image),
            "transform.py": pool.submit(after, "transform.py", _JOB, f"{tiny_channels}/images/"),
        }


def run(
    environment: str, program: Path, arguments: tuple[str, ...], variables: dict[str, str]
) -> str:
    """Run a program by an environment's Python; fails the test with all that it said."""
    python = REPOSITORY / ".venvs" / environment / "bin/python"
    done = subprocess.run(
        [python, program, *arguments],
        env=variables,
        cwd=program.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
