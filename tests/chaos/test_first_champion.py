"""kill -9 of the cloud while it makes a first endpoint: nothing may serve, nothing stay."""

from collections.abc import Iterator

import pytest

from tagline.designs import DesignSet
from tests.chaos.conftest import DATASET, Kept, Laptop, alerts
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow]


@pytest.fixture
def bare(
    tmp_path_factory: pytest.TempPathFactory, empty: Kept, designs: DesignSet
) -> Iterator[Laptop]:
    """A cloud without a champion."""
    laptop = Laptop(empty, tmp_path_factory.mktemp("bare"), designs)
    try:
        yield laptop
    finally:
        laptop.stop()


def test_killed_in_create_endpoint(bare: Laptop, designs: DesignSet) -> None:
    run = bare.drop()
    eventually(lambda: "CreateEndpoint" in bare.entered(run), 240)
    bare.kill()
    bare.start()
    ended = bare.status(run)
    assert ended["outcome"] == "Failed", ended
    bare.settled()
    assert [told["run"] for told in alerts(bare.pipeline, 1)] == [run]
    status, answer = bare.pipeline.tags(DATASET, designs.held_out[0].path)
    assert (status, answer["code"]) == (409, "no_champion"), answer
    again = bare.drop()
    assert bare.status(again)["outcome"] == "Promoted"
    bare.settled()
    with bare.asking() as answers:
        eventually(lambda: answers.by[again] > 3, 60)
    answers.check(again)
    assert bare.left_over() == []
