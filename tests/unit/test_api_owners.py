"""The API follows no name of another dataset, whatever a dataset's documents say."""

from collections.abc import Iterator

import pytest

from tests.unit.api_world import DATASET, RUN, World, api_world, event, get, tag
from tests.unit.run_documents import champion, latest, packed_dataset

FOREIGN = "secret-0123456789abcdef"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        yield made


@pytest.mark.parametrize(
    "changes", [{"endpoint": "production"}, {"endpoint": "tagline-secret"}, {"run": FOREIGN}]
)
def test_no_foreign_endpoint_is_asked(world: World, changes: dict[str, str]) -> None:
    world.put(f"{DATASET}/champion.json", champion(**{"run": RUN, **changes}))
    world.expect([0.9] * 4)
    assert tag(event("tag_png")).status == 500
    with pytest.raises(AssertionError, match="remaining"):
        world.endpoint.assert_no_pending_responses()


def test_no_foreign_run_is_shown(world: World) -> None:
    world.put(f"secret/runs/{FOREIGN}/dataset.json", packed_dataset(labels=("secret", "labels")))
    world.put(f"{DATASET}/latest.json", latest(run=FOREIGN))
    answer = get(event("dataset"))
    assert "secret" not in answer.text
    world.put(f"{DATASET}/champion.json", champion(run=FOREIGN))
    assert "secret" not in get(event("dataset")).text


def test_no_foreign_runs_thresholds_are_used(world: World) -> None:
    world.expect([0.9] * 4, run=FOREIGN)
    reply = tag(event("tag_png"))
    assert (reply.status, reply.json["code"]) == (503, "model_failed")
