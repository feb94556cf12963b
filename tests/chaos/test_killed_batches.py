"""kill -9 of the worker of each Lambda function that tags a dropped list of images."""

import pytest

from tagline.formats.batches import BatchOutcome
from tests.chaos.conftest import DATASET, Laptop, alerts

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
FUNCTIONS = {"PlanBatch": "plan-batch", "TagShard": "tag-shard", "PublishBatch": "publish-batch"}
LINES = ["images/", "gone.png"]
TRIES = 3


def test_each_function_of_a_batch_may_die_before_and_after_its_work(laptop: Laptop) -> None:
    laptop.fresh_champion()
    scripts = [laptop.script(name, "before", "after") for name in FUNCTIONS.values()]
    status = laptop.pipeline.tag_batch(DATASET, LINES, "dying.txt")
    assert status["outcome"] == BatchOutcome.TAGGED, status
    assert not [script for script in scripts if script.read_text()]  # each died twice
    assert status["tagged"] + status["rejected"] == status["images"] > 1
    verdicts = laptop.pipeline.read(f"{DATASET}/batches/dying.tags.jsonl").splitlines()
    rows = laptop.pipeline.read(f"{DATASET}/batches/dying.tags.lst").splitlines()
    assert (len(verdicts), len(rows)) == (status["images"], status["tagged"])
    assert alerts(laptop.pipeline) == []


@pytest.mark.parametrize("state", FUNCTIONS)
def test_a_function_of_a_batch_that_dies_each_time(laptop: Laptop, state: str) -> None:
    laptop.fresh_champion()
    laptop.script(FUNCTIONS[state], *["before"] * TRIES)
    status = laptop.pipeline.tag_batch(DATASET, LINES, f"{state}.txt")
    assert status["outcome"] == BatchOutcome.FAILED, status
    assert status["state"] == ("TagShards" if state == "TagShard" else state)
    (told,) = alerts(laptop.pipeline, 1)
    assert told["run"] == status["batch"]
    assert not laptop.pipeline.target.bucket.head(f"{DATASET}/batches/{state}.tags.jsonl")
