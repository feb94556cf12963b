"""The real template, deployed, and one set of designs, for all of e2e.

To a laptop cloud of this session, unless STACK names a stack that is there: one of the account, or
of the laptop cloud, that the environment leads to.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagline.cli.cloud import running_cloud
from tagline.cli.places import free_port
from tagline.cli.target import find_target
from tagline.designs import DesignSet, draw_designs
from tests.e2e.pipeline import OnLaptop, Pipeline

DEPLOYED = os.environ.get("STACK")
ELSEWHERE = "elsewhere"  # a bucket of somebody else's, from which lists may read


@pytest.fixture(scope="session", autouse=True)
def short_waits() -> Iterator[None]:
    """Let the flow look at an endpoint after one second; AWS takes minutes, the laptop does not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFN_WAIT_SCALE", "0.1")
        yield


@pytest.fixture(scope="session")
def designs(tmp_path_factory: pytest.TempPathFactory) -> DesignSet:
    """Enough designs to train on in seconds."""
    return draw_designs(tmp_path_factory.mktemp("designs"), count=90, seed=11, held_out=3)


@pytest.fixture(scope="session")
def build_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` makes once for every cloud of the session."""
    return tmp_path_factory.mktemp("build")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the review of rights last, for it looks at what all others have done.

    Leave out, of a stack that is there, what needs a laptop cloud of its own.
    """
    items.sort(key=lambda item: item.path.name == "test_rights.py")
    if DEPLOYED:
        skipped = pytest.mark.skip(reason="needs a laptop cloud of its own")
        for item in items:
            if item.get_closest_marker("laptop"):
                item.add_marker(skipped)


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory, build_dir: Path) -> Iterator[Pipeline]:
    """The stack that is there, or one that the real sam deploys to a laptop cloud."""
    if DEPLOYED:
        pipeline = Pipeline(find_target(DEPLOYED))
        yield pipeline
        pipeline.tidy()
        return
    state_dir = tmp_path_factory.mktemp("e2e") / "cloud"
    with running_cloud(
        free_port(), state_dir, fresh=True, build_dir=build_dir, source_buckets=[ELSEWHERE]
    ) as cloud:
        yield OnLaptop(cloud)
