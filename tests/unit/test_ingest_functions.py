"""The Lambda handlers of plan_dataset and fetch_shard, called as Lambda calls them."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from im2rec.plan.store import Stored
from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.formats.reasons import UnusableList
from tagline.planning import turn
from tagline.planning.in_task import plan_in_task
from tests.unit.ingest_world import BUCKET, World, world

FUNCTIONS = Path(__file__).parents[2] / "functions"


class Context:
    """Lambda's context object, as far as the handlers and Powertools look at it."""

    function_name = "tagline-step"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:tagline-step"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def __init__(self, milliseconds: int = 900_000) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def app(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_app", FUNCTIONS / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "tagline")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Tagline")
    monkeypatch.setenv("SOURCE_BUCKETS", "pictures, more")
    monkeypatch.setenv("STACK_NAME", "tagline")
    monkeypatch.setenv("STATE_MACHINE_ARN", "arn:machine")
    monkeypatch.setenv("RUNS_AT_ONCE", "10")
    monkeypatch.setenv("PLAN_IN_TASK_ABOVE", "100")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008")
    monkeypatch.setenv("DATASET_RUNS_AT_ONCE", "3")
    monkeypatch.setattr(turn, "await_turn", lambda *_asked: None)  # tests/unit/test_turn.py
    with world(monkeypatch) as made:
        clients.forget()
        environment.cache_clear()
        yield made
    clients.forget()
    environment.cache_clear()


def test_plan_then_fetch(demo: World, capsys: pytest.CaptureFixture[str]) -> None:
    demo.drop(demo.fill(10))
    plan = app("plan_dataset").handler(msgspec.to_builtins(demo.event), Context())
    assert plan["accepted"] == 10
    shards = json.loads(demo.s3.get_object(Bucket=BUCKET, Key=plan["shards_key"])["Body"].read())
    event = {"bucket": BUCKET, "dataset": "demo", "run": demo.event.run, **shards[0]}
    answer = app("fetch_shard").handler(event, Context())
    assert (answer["fetched"], answer["rejected"]) == (10, 0)
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"RowsAccepted", "ImagesFetched"} <= {key for line in logged for key in line}


def test_a_list_that_no_function_holds_is_planned_in_a_task(demo: World, tmp_path: Path) -> None:
    event = demo.drop(demo.fill(101))
    handler = app("plan_dataset").handler
    asked = handler(msgspec.to_builtins(demo.event), Context())
    assert asked["in_task"]
    assert "101 rows are more than PlanInTaskAbove (100)" in asked["reason"]
    assert demo.names() == set()  # nothing was read, nothing is left
    found = plan_in_task(event, demo.s3, {"pictures"}, Stored(tmp_path))
    assert found.answer is not None
    answer = handler(msgspec.to_builtins(event) | {"plan": asked}, Context())
    assert answer == msgspec.to_builtins(found.answer)
    assert (answer["rows"], answer["in_task"]) == (101, False)


def test_what_is_wrong_with_a_list_is_told_by_the_function_all_the_same(
    demo: World, tmp_path: Path
) -> None:
    event = demo.drop(b"0\t1\timages/gone.png\n" * 101)
    with pytest.raises(UnusableList) as here:
        demo.plan()
    found = plan_in_task(event, demo.s3, {"pictures"}, Stored(tmp_path))
    assert (found.error, found.cause) == ("UnusableList", str(here.value))
    planning = {"plan": {"in_task": True}}
    with pytest.raises(UnusableList) as caught:
        app("plan_dataset").handler(msgspec.to_builtins(event) | planning, Context())
    assert str(caught.value) == str(here.value)
    assert demo.lines("rejects.jsonl")
    # resumed when the cause is gone: nobody tells the same once more
    resumed = app("plan_dataset").handler(msgspec.to_builtins(event) | planning, Context())
    assert resumed["in_task"]


def test_errors_keep_their_class(demo: World) -> None:
    demo.drop(b"")
    with pytest.raises(UnusableList):
        app("plan_dataset").handler(msgspec.to_builtins(demo.event), Context())


def test_a_shard_gives_up_before_lambda_does(demo: World) -> None:
    demo.drop(demo.fill(3))
    demo.plan()
    event = {"bucket": BUCKET, "dataset": "demo", "run": demo.event.run, "shard": "00000"}
    module = app("fetch_shard")
    with pytest.raises(RuntimeError, match="did not arrive in time") as caught:
        module.handler(event, Context(milliseconds=20_000))
    assert type(caught.value).__name__ == "ShardOutOfTime"
