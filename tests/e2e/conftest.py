"""One laptop cloud with the real template deployed, and one set of designs, for all of e2e."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tagline.cli.cloud import running_cloud
from tagline.cli.places import free_port
from tagline.designs import DesignSet, draw_designs
from tests.e2e.pipeline import Pipeline

ELSEWHERE = "elsewhere"  # a bucket of somebody else's, from which lists may read


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the review of rights last: it looks at what all others have done."""
    items.sort(key=lambda item: item.path.name == "test_rights.py")


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


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory, build_dir: Path) -> Iterator[Pipeline]:
    """The stack, deployed by the real sam to a laptop cloud of this session."""
    state_dir = tmp_path_factory.mktemp("e2e") / "cloud"
    with running_cloud(
        free_port(), state_dir, fresh=True, build_dir=build_dir, source_buckets=[ELSEWHERE]
    ) as cloud:
        yield Pipeline(cloud)
