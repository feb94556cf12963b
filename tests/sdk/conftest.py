"""SageMaker's SDKs against a laptop cloud: programs as their documentation writes them.

A program runs in the environment of its SDK, with the variables that `tagline up` prints.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tagline.cli.cloud import RunningCloud, running_cloud
from tagline.cli.places import free_port
from tagline.cli.shell import variables
from tests.laptop import REPOSITORY

HERE = Path(__file__).parent
Program = Callable[..., str]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """The stack on a laptop cloud, as `tagline up` starts it; programs name their things apart."""
    with running_cloud(free_port(), tmp_path_factory.mktemp("sdk") / "cloud", fresh=True) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def printed(cloud: RunningCloud) -> dict[str, str]:
    """The environment of a shell into which what `tagline up` prints was pasted."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**own, **variables(cloud, cloud.target.stack_outputs())}


@pytest.fixture(scope="session")
def sdk_v2(printed: dict[str, str]) -> Program:
    """Run a program of `tests/sdk/v2` in `.venvs/notebooks`; it returns what was printed."""
    return lambda name, *arguments: run("notebooks", HERE / "v2" / name, arguments, printed)


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
