"""What runs take, against what was measured, the templates, and lists that are looked at."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tagline.cli.estimating import estimated
from tagline.formats.settings import Records, Settings, Training
from tagline.jobs import feeding
from tagline.jobs.sagemaker import disk
from tagline.listing.size import ListSize, look_at_size
from tagline.planning.room import PLAN_IN_TASK_ABOVE
from tagline.pricing.machines import PACKING
from tagline.pricing.table import PriceList
from tagline.scale import figures as f
from tagline.scale.checks import amount
from tagline.scale.load import Load, Parameters
from tagline.scale.machines import duration
from tagline.scale.steps import STATES, Step
from tagline.scale.training import TrainingLoad
from tests.unit.cloudformation import ROOT, TEMPLATES
from trainer import channels, data, streaming

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


def test_what_the_laptop_has_measured_is_told_and_never_too_low() -> None:
    """155,000 rows of 334 labels, images of 1 kB: docs/benchmarks.md, Many rows."""
    found = told(155_000, stack=Parameters(fetch_concurrency=4), image_bytes=1000)
    seconds: dict[tuple[str, str], float] = {
        (step.step, part.name): part.seconds for step in found.values() for part in step.parts
    }
    measured = {
        ("plan", "rows"): 16.5,
        ("fetch", "images"): 130.9,
        ("pack", "packing"): 37.4,  # by two cores, which is what a task of four vCPUs has
        ("pack", "joining"): 15.5,
    }
    for part, took in measured.items():
        assert took < seconds[part] < 1.35 * took, part
    assert f.PLANNED.mark == f.JOINED.mark == f.PACKED_SMALL.mark == "measured"


def test_the_templates_say_the_same() -> None:
    parameters = TEMPLATES["template"]["Parameters"]
    stack = Parameters()
    assert parameters["FetchConcurrency"]["Default"] == stack.fetch_concurrency
    assert parameters["FetchConcurrency"]["MaxValue"] == f.CHILDREN.value
    assert parameters["PlanInTaskAbove"]["Default"] == PLAN_IN_TASK_ABOVE
    assert parameters["PackConcurrency"]["Default"] == stack.pack_concurrency
    assert parameters["PackShardsPerTask"]["Default"] == stack.pack_shards_per_task
    assert parameters["MostInstances"]["Default"] == stack.most_instances
    assert parameters["ShardRetentionDays"]["Default"] == f.SHARD_DAYS.value
    plan = TEMPLATES["steps"]["Resources"]["PlanDataset"]["Properties"]
    assert plan["Timeout"] == f.LAMBDA_SECONDS.value
    flow = yaml.safe_load((ROOT / "statemachine/retrain/flow.yaml").read_text())
    assert flow["TimeoutSeconds"] == f.RUN_SECONDS.value
    shared = (ROOT / "statemachine/retrain/shared.yaml").read_text()
    assert f"TimeoutSeconds: {f.TASK_SECONDS.value}" in shared
    assert PACKING.disk == 200  # GB, which is all that Fargate has


def test_the_trainer_streams_by_the_same_figures() -> None:
    assert channels._IN_MEMORY == feeding.IN_MEMORY
    assert f.TRAIN_DECODED.value == data._SHARE_OF_MEMORY
    assert f.TRAIN_CACHE.value == data._LARGEST_CACHE
    assert f.BUFFER.value == streaming.BUFFER


def test_the_steps_prices_are_the_runs() -> None:
    found = estimated(155_000, Settings(), US, "ml.c5.4xlarge", "ml.c5.large")
    assert sum(step.price or 0 for step in found.steps) == pytest.approx(found.run.price, abs=1e-5)
    assert {state.state for state in found.run.states} < set().union(*STATES.values())
    assert found.seconds == pytest.approx(sum(step.seconds for step in found.steps))
    assert found.cannot == ()


@pytest.mark.parametrize("images", [100_000, 100_000_000])
def test_all_that_the_plan_takes_is_paid_for(images: int) -> None:
    found = estimated(images, Settings(), US, "ml.c5.4xlarge", "ml.c5.large")
    billed = {state.state: state.seconds for state in found.run.states}
    paid = billed.get("PlanInTask", billed["PlanDataset"])
    assert paid == pytest.approx(found.steps[0].seconds, abs=1e-3)  # told to the millisecond


@pytest.mark.parametrize(
    ("images", "stack"),
    [(n, Parameters(pack_concurrency=c, plan_in_task_above=above))
     for n in (1000, 155_000, 1_000_000, 10**9) for c in (1, 1000) for above in (0, 500_000)],
)  # fmt: skip
def test_a_time_is_known_in_a_limit_as_in_its_step(images: int, stack: Parameters) -> None:
    plan, *_ = told(images, stack=stack).values()
    (mark,) = {check.mark for check in plan.limits if check.name.endswith("time")}
    assert mark == plan.mark


def test_a_joining_task_that_takes_longest_is_known_as_joining_is() -> None:
    pack = told(100_000_000, stack=Parameters(pack_concurrency=1000))["pack"]
    (mark,) = {check.mark for check in pack.limits if check.name == "task's time"}
    assert mark == pack.mark == "computed"


def test_cures_are_told_where_they_cure() -> None:
    def cure(step: str, name: str, **given: Any) -> str:
        found = told(1_000_000, **given)[step]
        return next(check.cure for check in found.limits if check.name == name)

    def rate(calls: int) -> str:
        return cure("fetch", "GET rate of a prefix", stack=Parameters(fetch_concurrency=calls))

    assert (
        rate(1) == rate(22) == ("nothing to do; above FetchConcurrency=22 one prefix gives no more")
    )
    assert rate(23) == "FetchConcurrency=22 or less, or images under 2 prefixes, not one"
    split = "split the list into several datasets"
    assert cure("plan", "MAX_LIST_BYTES") == split
    digits = f"{split}, or write labels as 0 and 1"
    assert cure("plan", "MAX_LIST_BYTES", list_bytes=9 << 30, long_labels=True) == digits


def test_a_price_that_is_not_known_is_null() -> None:
    found = estimated(1000, Settings(), PriceList("eu-x-1"), "ml.c5.4xlarge", "ml.c5.large")
    assert {step.price for step in found.steps} == {None}


def test_one_lambda_plans_half_a_million_rows_and_a_task_one_more() -> None:
    plan = told(500_000)["plan"]
    assert (plan.way, plan.bound_by, plan.hit) == ("one Lambda", "PlanInTaskAbove", ())
    more = told(500_001)["plan"]
    assert (more.way, more.hit) == ("a container task", ())
    assert [quota.name for quota in more.quotas] == ["Fargate On-Demand vCPUs"]
    assert more.price is not None
    assert more.price > (plan.price or 0)


def test_many_labels_and_a_long_list_go_to_the_task_before_that() -> None:
    assert told(500_000, labels=3000)["plan"].way == "a container task"
    assert told(10_000, list_bytes=3 << 30)["plan"].way == "a container task"
    assert told(10_000, labels=3000)["plan"].way == "one Lambda"
    few_bytes: dict[str, Any] = {"classes": True, "list_bytes": 5 << 22}
    assert told(500_000, labels=3000, **few_bytes)["plan"].way == "one Lambda"
    asked = Parameters(plan_in_task_above=1000)
    assert told(10_000, stack=asked)["plan"].way == "a container task"


def test_a_hundred_million_rows_can_be_planned_and_one_more_cannot() -> None:
    assert told(100_000_000, labels=50)["plan"].hit == ()
    (over,) = told(100_000_001, labels=50)["plan"].hit
    assert over.said == (
        "MAX_ROWS: 100,000,001 rows of at most 100,000,000 rows (computed): "
        "split the list into several datasets"
    )
    assert over.wall


def test_one_prefix_bounds_fetching_however_many_calls_there_are() -> None:
    at_22 = told(1_000_000, stack=Parameters(fetch_concurrency=22))["fetch"]
    at_1000 = told(1_000_000, stack=Parameters(fetch_concurrency=1000))["fetch"]
    assert at_22.hit == ()
    assert [check.name for check in at_1000.hit] == ["GET rate of a prefix"]
    assert at_1000.seconds == at_22.seconds == pytest.approx(1_000_000 / 5500)
    assert [quota.needed for quota in at_1000.quotas] == [1000]


def test_what_is_over_training_and_evaluation_is_named_with_its_cure() -> None:
    steps = told(100_000_000)
    hit = {(step.step, check.name): check.cure for step in steps.values() for check in step.hit}
    assert "training.instance_count" in hit["train", "training.max_runtime"]
    assert ("train", "machine's memory") not in hit  # it streams
    assert "split.validation" in hit["evaluate", "Evaluate's time"]
    volume = next(c for c in steps["train"].limits if c.name == "volume")
    assert volume.needed == disk(int(TrainingLoad(replace(LOAD, images=100_000_000)).copied_bytes))


def test_records_lie_in_files_and_machines_share_them() -> None:
    settings = Settings(training=Training(instance_count=4, engine="torch"))
    load = replace(LOAD, images=10_000_000, settings=settings)
    assert load.record_files == 28  # 8,000,000 records of 7,372 bytes in files of 2 GiB
    assert TrainingLoad(load).host_images == pytest.approx(2_000_000)
    assert replace(load, images=100_000).record_files == 1
    one = replace(load, images=100_000)
    assert TrainingLoad(one).host_images == one.trained  # one file is nobody's to share
    small = msgspec.structs.replace(settings, records=Records(file_mib=100))
    assert replace(load, settings=small).record_files == 563
    shared, alone = (told(10_000_000, s)["train"] for s in (settings, Settings()))
    assert shared.seconds < alone.seconds / 2


def test_what_does_not_fit_is_streamed_and_what_takes_long_to_copy_comes_by_fast_file() -> None:
    def train(images: int, **training: Any) -> Step:
        return told(images, Settings(training=Training(**training)))["train"]

    assert train(100_000).way == "1 x ml.c5.4xlarge, File mode"
    assert train(10_000_000).way == "1 x ml.c5.4xlarge, File mode, streamed"
    assert train(100_000_000).way == "1 x ml.c5.4xlarge, FastFile mode, streamed"
    asked = train(100_000, input_mode="fastfile", shuffle_buffer=100)
    assert asked.way == "1 x ml.c5.4xlarge, FastFile mode, streamed"
    copied = {part.name: part.seconds for part in train(100_000_000).parts}
    assert copied["loading"] < 1000  # validation alone


def test_each_step_asks_for_what_its_images_shards_and_tasks_make() -> None:
    steps = told(10_000_000)
    plan, fetch, pack = (steps[name].asked for name in ("plan", "fetch", "pack"))
    assert (plan.lists, fetch.gets) == (10_000, 10_020_000)
    assert (fetch.puts, fetch.transitions) == (60_000, 80_000)
    assert pack.gets == 3 * 20_000 + 200
    assert steps["fetch"].requests == pytest.approx(10.02e6 * 4e-7 + 6e4 * 5e-6 + 8e4 * 2.5e-5)
    limits = {check.name for check in steps["fetch"].limits}
    assert {"items of the map", "map input", "history", "children at a time",
            "GET rate of a prefix"} <= limits  # fmt: skip


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(90, "s", "90 s"), (86_400, "s", "24.0 h"), (3 << 30, "bytes", "3.0 GiB"),
     (900, "bytes", "900 bytes"), (2e6, "rows", "2,000,000 rows"), (1.25, "GiB", "1.2 GiB")],
)  # fmt: skip
def test_amounts_are_told_as_people_read_them(value: float, unit: str, said: str) -> None:
    assert amount(value, unit) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s"), (300, "5 min"), (10_000, "2.8 h"), (216_000, "2.5 days"), (1e9, "31.7 years")],
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


@pytest.mark.parametrize(
    ("text", "long"),
    [("1\t0\t1\ta", False), ("1\t0\t1.0\ta", True), ("1\t0,1.00\ta", True), ("1\t0,1\ta", False),
     ("1\t1.0\ta", True), ("1\t11\ta", False)],
)  # fmt: skip
def test_labels_of_more_than_a_digit_are_seen(tmp_path: Path, text: str, *, long: bool) -> None:
    (tmp_path / "a.lst").write_text(text)
    assert look_at_size(tmp_path / "a.lst").long_labels == long


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\x1f\x8b\x08garbage", b"\x1f\x8b"])
def test_what_is_no_list_has_no_rows(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.lst").write_bytes(content)
    assert look_at_size(tmp_path / "a.lst").rows == 0
    assert look_at_size(tmp_path) == ListSize(0, 0, 0)
