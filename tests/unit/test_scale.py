"""What runs take, against what was measured, the templates, and lists that are looked at."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tagline.cli.estimate import estimated
from tagline.formats.settings import Settings
from tagline.jobs.sagemaker import disk
from tagline.listing.size import ListSize, look_at_size
from tagline.planning.room import PLAN_IN_TASK_ABOVE
from tagline.pricing.machines import PACKING
from tagline.pricing.table import PriceList
from tagline.scale import figures as f
from tagline.scale.figures import duration, memory
from tagline.scale.load import Load, Parameters
from tagline.scale.steps import STATES, Step
from tests.unit.cloudformation import ROOT, TEMPLATES

US = PriceList("us-east-1")
MIB = 1 << 20
LOAD = Load(images=10_000, labels=334, settings=Settings(), epochs=10,
            training_type="ml.c5.4xlarge", evaluation_type="ml.m5.xlarge",
            endpoint_type="ml.c5.large")  # fmt: skip


def told(images: int, settings: Settings | None = None, **given: Any) -> dict[str, Step]:
    found = estimated(images, settings or Settings(), US, "ml.c5.4xlarge", "ml.c5.large",
                      **{"labels": 334} | given)  # fmt: skip
    return {step.step: step for step in found.steps}


@pytest.mark.parametrize(
    ("rows", "measured"), [(10_000, 86), (40_000, 135), (155_000, 280), (1_000_000, 1303)]
)
def test_the_plans_memory_is_near_what_was_measured_and_never_below_with_its_margin(
    rows: int, measured: int
) -> None:
    with_margin = replace(LOAD, images=rows).plan_bytes / MIB
    assert measured < with_margin
    assert with_margin / f.PLAN_MARGIN.value == pytest.approx(measured, rel=0.2)


def test_rates_that_are_called_measured_are_not_above_what_was_measured() -> None:
    """155,000 rows of 334 labels: docs/benchmarks.md."""
    steps = told(155_000, stack=Parameters(fetch_concurrency=4, pack_concurrency=4),
                 image_bytes=1000)  # fmt: skip
    assert f.PLANNED.mark == f.JOINED.mark == "measured"
    assert 38.4 < steps["plan"].seconds < 1.2 * 38.4
    assert 349.2 < steps["fetch"].seconds < 1.2 * 349.2
    assert f.JOINED.value < 9112
    assert f.PLANNED.value < 4041


def test_the_templates_say_the_same() -> None:
    parameters = TEMPLATES["template"]["Parameters"]
    stack = Parameters()
    assert parameters["FetchConcurrency"]["Default"] == stack.fetch_concurrency
    assert parameters["FetchConcurrency"]["MaxValue"] == f.CHILDREN.value
    assert parameters["PlanInTaskAbove"]["Default"] == PLAN_IN_TASK_ABOVE
    assert parameters["PackConcurrency"]["Default"] == stack.pack_concurrency
    assert parameters["PackShardsPerTask"]["Default"] == stack.pack_shards_per_task
    plan = TEMPLATES["steps"]["Resources"]["PlanDataset"]["Properties"]
    assert plan["Timeout"] == f.LAMBDA_SECONDS.value
    flow = yaml.safe_load((ROOT / "statemachine/retrain/flow.yaml").read_text())
    assert flow["TimeoutSeconds"] == f.RUN_SECONDS.value
    shared = (ROOT / "statemachine/retrain/shared.yaml").read_text()
    assert f"TimeoutSeconds: {f.TASK_SECONDS.value}" in shared
    assert PACKING.disk == 200  # GB, which is all that Fargate has


def test_the_steps_prices_are_the_runs() -> None:
    found = estimated(155_000, Settings(), US, "ml.c5.4xlarge", "ml.c5.large")
    assert sum(step.price or 0 for step in found.steps) == pytest.approx(found.run.price, abs=1e-5)
    assert {state.state for state in found.run.states} < set().union(*STATES.values())
    assert found.seconds == pytest.approx(sum(step.seconds for step in found.steps))
    assert found.cannot == ()


def test_a_price_that_is_not_known_is_null() -> None:
    found = estimated(1000, Settings(), PriceList("eu-x-1"), "ml.c5.4xlarge", "ml.c5.large")
    assert {step.price for step in found.steps} == {None}


def test_a_hundred_million_rows_can_be_planned_and_one_more_cannot() -> None:
    plan = told(100_000_000, labels=50)["plan"]
    assert (plan.bound_by, plan.hit) == ("MAX_ROWS", ())
    (over,) = told(100_000_001, labels=50)["plan"].hit
    assert over.said == (
        "MAX_ROWS: 100,000,001 rows of at most 100,000,000 (computed): "
        "split the list into several datasets"
    )


def test_many_labels_meet_memory_and_bytes_before_rows() -> None:
    hit = [check.name for check in told(90_000_000, labels=500)["plan"].hit]
    assert hit == ["MAX_LIST_BYTES"]
    assert "PlanDataset's memory" in {check.name for check in told(900_000)["plan"].limits}
    assert told(1_000_000, labels=1100)["plan"].hit == ()  # a container task plans it


def test_one_prefix_bounds_fetching_however_many_calls_there_are() -> None:
    at_55 = told(1_000_000, stack=Parameters(fetch_concurrency=55))["fetch"]
    at_1000 = told(1_000_000, stack=Parameters(fetch_concurrency=1000))["fetch"]
    assert at_55.hit == ()
    assert [check.name for check in at_1000.hit] == ["GET rate of a prefix"]
    assert at_1000.seconds == at_55.seconds == pytest.approx(1_000_000 / 5500)
    assert [quota.needed for quota in at_1000.quotas] == [1000]


def test_what_is_over_training_and_evaluation() -> None:
    steps = told(100_000_000)
    hit = {name: [check.name for check in step.hit] for name, step in steps.items()}
    assert hit["train"] == ["training.max_runtime", "a training machine's memory"]
    assert hit["evaluate"] == ["Evaluate's time", "Evaluate's memory"]
    assert hit["pack"] == ["JoinParts' memory"]
    assert "shards' names" not in hit["fetch"]
    volume = next(c for c in steps["train"].limits if c.name == "a job's volume")
    assert volume.needed == disk(int(100_000_000 * LOAD.record_bytes))


@pytest.mark.parametrize(
    ("kind", "gib"),
    [("ml.c5.4xlarge", 32), ("ml.m5.xlarge", 16), ("ml.c5.18xlarge", 144), ("ml.g5.xlarge", None),
     ("ml.m5.large", 8), ("odd", None)],
)  # fmt: skip
def test_memory_of_machines(kind: str, gib: int | None) -> None:
    assert memory(kind) == gib


@pytest.mark.parametrize(
    ("seconds", "said"), [(5, "5 s"), (300, "5 min"), (10_000, "2.8 h"), (216_000, "2.5 days")]
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize("packed", [False, True])
def test_a_list_is_told_by_its_first_lines(tmp_path: Path, *, packed: bool) -> None:
    labels = "1\t" * 50
    rows = [f"{n}\t{labels}images/{n:07}.jpg" for n in range(60_000)]
    text = "\n".join(rows).encode()
    path = tmp_path / ("a.lst.gz" if packed else "a.lst")
    path.write_bytes(gzip.compress(text, 1) if packed else text)
    seen = look_at_size(path)
    assert seen.labels == 50
    assert seen.rows == pytest.approx(60_000, rel=0.1)
    assert seen.bytes == pytest.approx(len(text), rel=0.1)


@pytest.mark.parametrize(
    ("text", "labels"),
    [("1\t0\ta\n2\t1\tb\n", 1), ("1\t3.0\ta\n2\t11\tb\n", 12), ("1\t0,1,0\ta\n2\t0,0,0\tb", 3),
     ("id\tx\ty\tpath\n1\t0\t1\ta\n2\t0\t1\tb\n", 2)],
)  # fmt: skip
def test_labels_of_a_small_list(tmp_path: Path, text: str, labels: int) -> None:
    (tmp_path / "a.lst").write_text(text)
    lines = len(text.splitlines())
    assert look_at_size(tmp_path / "a.lst") == ListSize(len(text), lines, labels, labels == 12)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\x1f\x8b\x08garbage", b"\x1f\x8b"])
def test_what_is_no_list_has_no_rows(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.lst").write_bytes(content)
    assert look_at_size(tmp_path / "a.lst").rows == 0
    assert look_at_size(tmp_path) == ListSize(0, 0, 0)
