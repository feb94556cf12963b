"""How a run goes, by the API: states with times, training jobs, epochs as they come."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tagline.api import clients
from tagline.formats.names import order_name
from tagline.jobs.epochs import Epoch, epoch_of
from tests.unit.api_world import (
    DATASET,
    MACHINE,
    ROOT,
    RUN,
    World,
    api_world,
    event,
    follow,
    problem,
)
from tests.unit.test_state_times import START, History

ARN = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{RUN}"
JOB = "tagline--0123456789abcdef-train-000"


class Cloud:
    """Step Functions, SageMaker and CloudWatch Logs, as far as a run's progress needs them."""

    def __init__(self) -> None:
        self.executions: dict[str, str] = {}
        self.history = History()
        self.jobs: list[dict[str, Any]] = []
        self.lines: dict[str, list[str]] = {}
        self.calls = 0

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803
        self.calls += 1
        if executionArn not in self.executions:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution")
        return {"status": self.executions[executionArn]}

    def get_paginator(self, name: str) -> "Cloud":
        assert name == "get_execution_history"
        return self

    def paginate(self, **_asked: object) -> list[dict[str, Any]]:
        return [{"events": self.history.events}]

    def list_map_runs(self, **_asked: object) -> dict[str, Any]:
        return {"mapRuns": [{"mapRunArn": "m", "startDate": START}]}

    def describe_map_run(self, **_asked: object) -> dict[str, Any]:
        return {"executionCounts": {"succeeded": 3, "failed": 1, "total": 7}}

    def list_training_jobs(self, NameContains: str, **_asked: object) -> dict[str, Any]:  # noqa: N803
        found = [job for job in self.jobs if NameContains in job["TrainingJobName"]]
        return {"TrainingJobSummaries": found}

    def list_hyper_parameter_tuning_jobs(self, **_asked: object) -> dict[str, Any]:
        return {"HyperParameterTuningJobSummaries": [{"HyperParameterTuningJobName": "t"}]}

    def list_training_jobs_for_hyper_parameter_tuning_job(self, **_asked: object) -> dict[str, Any]:
        return {"TrainingJobSummaries": list(self.jobs)}

    def describe_log_streams(self, *, logStreamNamePrefix: str, **_asked: object) -> dict[str, Any]:  # noqa: N803
        names = [name for name in self.lines if name.startswith(logStreamNamePrefix)]
        return {"logStreams": [{"logStreamName": name} for name in names]}

    def get_log_events(
        self,
        *,
        logStreamName: str,  # noqa: N803
        nextToken: str = "0",  # noqa: N803
        **_asked: object,
    ) -> dict[str, Any]:
        lines, begin = self.lines[logStreamName], int(nextToken)
        page = lines[begin : begin + 2]
        moment = int(START.timestamp() * 1000)
        return {
            "events": [{"timestamp": moment, "message": line} for line in page],
            "nextForwardToken": str(begin + len(page)),
        }

    def job(self, name: str, status: str, minute: int, value: float | None = None) -> None:
        made = {"TrainingJobName": name, "TrainingJobStatus": status}
        times = {"CreationTime": START + timedelta(minutes=minute)}
        objective = {"FinalHyperParameterTuningJobObjectiveMetric": {"Value": value}}
        self.jobs.append(made | times | (objective if value is not None else {}))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud()
    for name in ("states", "sagemaker", "logs"):
        monkeypatch.setattr(clients, name, lambda: made)
    monkeypatch.setattr("tagline.api.progress.LOOK_SECONDS", 0.0)
    return made


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, cloud: Cloud) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        yield made


def golden(world: World, name: str = "training.json") -> None:
    body = (ROOT / "tests/golden/formats" / name).read_bytes()
    world.put(f"{DATASET}/runs/{RUN}/training.json", body)


def test_states_have_their_times_and_the_current_one_is_named(world: World, cloud: Cloud) -> None:
    cloud.executions[ARN] = "RUNNING"
    cloud.history.enter("PlanDataset").add("TaskScheduled").leave("PlanDataset")
    cloud.history.enter("FetchShards", "Map")
    found = follow(event("progress")).json
    assert (found["status"], found["current"]) == ("RUNNING", "FetchShards")
    assert found["states"][0] == {
        "name": "PlanDataset",
        "status": "done",
        "entered": "2026-01-01T00:00:00.000Z",
        "ended": "2026-01-01T00:00:02.000Z",
        "attempts": 1,
        "error": None,
    }
    assert found["items"] == {"done": 3, "failed": 1, "all": 7}
    assert (found["jobs"], found["epochs"]) == ([], None)


def test_epochs_come_as_they_are_logged(world: World, cloud: Cloud) -> None:
    cloud.executions[ARN] = "RUNNING"
    golden(world)
    cloud.job("tagline--0123456789abcdef-eval-000", "Completed", 9)
    cloud.job(JOB, "InProgress", 1)
    stream = cloud.lines.setdefault(f"{JOB}/algo-1-1", ["loading"])
    assert follow(event("progress")).json["jobs"][0]["epochs"] == []
    stream += [f"epoch={n} train:loss=0.{n} validation:mAP=0.5" for n in (1, 2, 3)]
    stream.append("epoch=2 train:loss=0.2 validation:mAP=0.5 exported")
    found = follow(event("progress")).json
    (job,) = found["jobs"]
    assert (job["name"], job["status"], job["ended"]) == (JOB, "InProgress", None)
    assert [epoch["epoch"] for epoch in job["epochs"]] == [1, 2, 3]
    assert job["epochs"][1]["metrics"] == {"train:loss": 0.2, "validation:mAP": 0.5}
    assert found["epochs"] == 12


def test_a_search_shows_the_trial_that_goes_on_or_the_best(world: World, cloud: Cloud) -> None:
    cloud.executions[ARN] = "RUNNING"
    golden(world, "training.tune.json")
    for number, (status, value) in enumerate(
        [("Completed", 0.4), ("Completed", 0.6), ("Completed", 0.5), ("InProgress", None)]
    ):
        cloud.job(f"t-{number}", status, number, value)
        cloud.lines[f"t-{number}/algo-1-1"] = ["epoch=1 train:loss=0.9"]

    def shown() -> list[str]:
        jobs = follow(event("progress")).json["jobs"]
        assert [job["name"] for job in jobs] == [f"t-{n}" for n in range(len(jobs) - 1, -1, -1)]
        return [job["name"] for job in jobs if job["epochs"] is not None]

    assert shown() == ["t-3"]
    del cloud.jobs[-1]
    assert shown() == ["t-1"]


def test_an_order_about_the_run_is_followed_by_its_name(world: World, cloud: Cloud) -> None:
    name = order_name(RUN, 1_700_000_000)
    cloud.executions[ARN.replace(RUN, name)] = "SUCCEEDED"
    golden(world)
    found = follow(event("progress", queryStringParameters={"execution": name})).json
    assert (found["execution"], found["status"], found["jobs"]) == (name, "SUCCEEDED", [])


@pytest.mark.parametrize(
    ("name", "status"),
    [("", 400), ("x", 400), (f"{RUN}-order-x", 400), ("zoo-0123456789abcdef-order-1", 404),
     ("noto-50-0123456789abcde0", 404)],
)  # fmt: skip
def test_another_execution_is_none_of_the_runs(
    world: World, cloud: Cloud, name: str, status: int
) -> None:
    reply = follow(event("progress", queryStringParameters={"execution": name}))
    assert problem(reply)[0] == status
    assert cloud.calls == 0


def test_a_run_that_step_functions_has_forgotten(world: World, cloud: Cloud) -> None:
    assert problem(follow(event("progress"))) == (404, "unknown_run")
    world.put(f"{DATASET}/runs/{RUN}/plan.json", b"{}")
    found = follow(event("progress")).json
    assert (found["status"], found["states"]) == (None, [])


def test_many_pages_ask_once(world: World, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagline.api.progress.LOOK_SECONDS", 60.0)
    cloud.executions[ARN] = "RUNNING"
    tags = {follow(event("progress")).headers["ETag"] for _ in range(5)}
    assert (len(tags), cloud.calls) == (1, 1)


@pytest.mark.parametrize(
    ("line", "epoch"),
    [
        ("epoch=3 train:loss=0.5 seconds=2.0", Epoch(3, {"train:loss": 0.5}, False)),
        ("epoch=3 train:loss=0.5 validation:mAP=1. exported",
         Epoch(3, {"train:loss": 0.5, "validation:mAP": 1.0}, True)),
        ("epoch=3 train:loss=nan", Epoch(3, {}, False)),
        ("epoch=3 train:loss=1.2.3", Epoch(3, {}, False)),
        (f"epoch={'9' * 99}", None),
        ("an epoch=3", None),
    ],
)  # fmt: skip
def test_lines_of_epochs(line: str, epoch: Epoch | None) -> None:
    assert epoch_of(line) == epoch
