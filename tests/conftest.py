"""What tests of several kinds share: one laptop cloud for the whole session, state of their own."""

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

from tests import checkout_state
from tests.laptop import LaptopCloud, make_root, running


def pytest_configure(config: pytest.Config) -> None:
    """Give the session a state folder of its own, before anything of the product is imported."""
    folder = tempfile.mkdtemp(prefix="tagline-tests-")
    os.environ["TAGLINE_STATE"] = folder
    checkout_state.guard()
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.fixture(scope="session")
def laptop_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaptopCloud]:
    """A laptop cloud of this session; tests share it and name their things apart."""
    folder = tmp_path_factory.mktemp("cloud")
    with running(folder / "state", make_root(folder / "root")) as cloud:
        yield cloud
