"""A laptop cloud with one device's thing, for all tests of devices."""

from collections.abc import Iterator

import pytest

from tests.edge.device_world import DEVICE
from tests.laptop import LaptopCloud, make_root, running


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaptopCloud]:
    """IoT and S3 of a laptop cloud; no stack is deployed."""
    folder = tmp_path_factory.mktemp("edge")
    with running(folder / "state", make_root(folder / "root")) as cloud:
        yield cloud


@pytest.fixture
def thing(cloud: LaptopCloud) -> Iterator[str]:
    """The ARN of the device's thing, which has no shadow and no job."""
    iot = cloud.client("iot")
    arn: str = iot.create_thing(thingName=DEVICE)["thingArn"]
    yield arn
    iot.delete_thing(thingName=DEVICE)
