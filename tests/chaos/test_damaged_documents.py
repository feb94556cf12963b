"""Each document of the bucket cut short, `[]`, `{}`, or of a version that is not known."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tagline.formats.keys import DatasetKeys, RunKeys
from tests.chaos.conftest import DATASET, WEAK, Laptop, alerts
from tests.e2e.pipeline import OnLaptop

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
KEYS = DatasetKeys(DATASET)
DAMAGES = ["cut", "[]", "{}", "another version"]


def damaged(body: bytes, damage: str) -> bytes:
    if damage == "cut":
        return body[: len(body) // 2]
    if damage == "another version":
        return json.dumps({**json.loads(body), "format": 99}).encode()
    return damage.encode()


def damage_all(laptop: Laptop, keys: list[str], damage: str) -> dict[str, bytes]:
    """Damage documents; return what they held."""
    held = {key: laptop.pipeline.read(key) for key in keys}
    for key, body in held.items():
        laptop.pipeline.put(key, damaged(body, damage))
    return held


def restore(laptop: Laptop, held: dict[str, bytes]) -> None:
    for key, body in held.items():
        laptop.pipeline.put(key, body)


def listed(pipeline: OnLaptop, path: str) -> tuple[int, bytes]:
    """Ask the API; return status and body."""
    parts = urlsplit(pipeline.cloud.target.outputs.api_url.rstrip("/"))
    connection = http.client.HTTPConnection(parts.netloc, timeout=120)
    connection.request("GET", f"{parts.path}/{path}")
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("damage", DAMAGES)
def test_caches_are_taken_for_absent(laptop: Laptop, damage: str) -> None:
    """packed.json, latest.json, newest.json and the packed set's dataset.json: all at once."""
    laptop.fresh_champion()
    packed = RunKeys(laptop.champion).packed_dataset
    held = damage_all(laptop, [KEYS.packed_run, KEYS.latest, KEYS.newest, packed], damage)
    laptop.pipeline.settings(DATASET, training=WEAK)
    try:
        with laptop.asking() as answers:
            run = laptop.drop()
            ended = laptop.status(run)
            laptop.settled()
        assert ended["outcome"] in {"Unchanged", "NotPromoted"}, ended
        answers.check(laptop.champion)
    finally:
        restore(laptop, {packed: held[packed]})


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_champion_that_cannot_be_read_is_found_before_training(
    laptop: Laptop, damage: str
) -> None:
    laptop.fresh_champion()
    jobs = laptop.pipeline.training_jobs()
    held = damage_all(laptop, [KEYS.champion], damage)
    try:
        run = laptop.drop()
        ended = laptop.status(run)
        assert (ended["outcome"], ended["state"]) == ("Failed", "PlanDataset"), ended
        assert "champion.json" in ended["reason"]
        status, body = listed(laptop.pipeline, "datasets")
        assert status == 200, body
        assert DATASET in body.decode()
    finally:
        restore(laptop, held)
    assert laptop.pipeline.training_jobs() == jobs
    assert [told["run"] for told in alerts(laptop.pipeline, 1)] == [run]
    with laptop.asking() as answers:
        laptop.settled()
    answers.check(laptop.champion)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["status.json", "metrics.json", "plan.json", "dataset.json"])
def test_one_runs_document_does_not_break_the_listings(
    laptop: Laptop, name: str, damage: str
) -> None:
    laptop.fresh_champion()
    held = damage_all(laptop, [RunKeys(laptop.champion).of(name)], damage)
    try:
        for path in ("datasets", f"datasets/{DATASET}", f"datasets/{DATASET}/runs"):
            status, body = listed(laptop.pipeline, path)
            assert status == 200, (path, body)
    finally:
        restore(laptop, held)
