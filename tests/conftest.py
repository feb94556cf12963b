"""What tests of several kinds share: one laptop cloud for the whole session."""

from collections.abc import Iterator

import pytest

from tests.laptop import LaptopCloud, make_root, running


@pytest.fixture(scope="session")
def laptop_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaptopCloud]:
    """A laptop cloud of this session; tests share it and name their things apart."""
    folder = tmp_path_factory.mktemp("cloud")
    with running(folder / "state", make_root(folder / "root")) as cloud:
        yield cloud
