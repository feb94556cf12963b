"""What goes on inside a state: shards, epochs, trials; and following a run to its end."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tagline.cli import watching
from tagline.cli.errors import Refused
from tagline.cli.jobs import JobDetails, Pace, epoch_line, minutes
from tagline.cli.target import Target
from tagline.jobs.epochs import TRAINING_LOGS
from tests.unit.cli_stack import MACHINE, RUN, golden, put, stack

__all__ = ["stack"]
ARN = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{RUN}"
STREAM = "tagline--0123456789abcdef-train-0/algo-1-1700000000"


class States:
    """Step Functions: an execution that appears, runs and ends as its script says."""

    def __init__(self, statuses: list[str | None], events: list[dict[str, Any]]) -> None:
        self.statuses = statuses
        self.events = events

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        assert executionArn == ARN
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status is None:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution")
        return {"status": status, "executionArn": ARN}

    def get_paginator(self, name: str) -> "States":
        assert name == "get_execution_history"
        return self

    def paginate(self, **_more: object) -> list[dict[str, Any]]:
        return [{"events": self.events}]

    def list_map_runs(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        assert executionArn == ARN
        old, new = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))
        return {"mapRuns": [{"mapRunArn": "new", "startDate": new},
                            {"mapRunArn": "old", "startDate": old}]}  # fmt: skip

    def describe_map_run(self, mapRunArn: str) -> dict[str, Any]:  # noqa: N803
        assert mapRunArn == "new"
        return {"executionCounts": {"total": 7, "succeeded": 3, "failed": 1}}


class Tuning:
    """SageMaker with one tuning job."""

    best: dict[str, Any]

    def __init__(self, **best: Any) -> None:
        self.best = best

    def list_hyper_parameter_tuning_jobs(self, NameContains: str, **_more: str) -> dict[str, Any]:  # noqa: N803
        return {"HyperParameterTuningJobSummaries": [{"HyperParameterTuningJobName": NameContains}]}

    def describe_hyper_parameter_tuning_job(self, **_more: str) -> dict[str, Any]:
        return {
            "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": 4}},
            "TrainingJobStatusCounters": {"Completed": 2},
            **self.best,
        }


def log(target: Target, *messages: str, later: float = 0) -> None:
    """Log messages, so many seconds later than now."""
    now = int((datetime.now(UTC).timestamp() + later) * 1000)
    target.logs.put_log_events(
        logGroupName=TRAINING_LOGS,
        logStreamName=STREAM,
        logEvents=[{"timestamp": now, "message": message} for message in messages],
    )


def event(kind: str, **details: object) -> dict[str, Any]:
    return {"type": kind, "timestamp": datetime.now(UTC), **details}


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            "epoch=3 train:loss=0.123456 validation:mAP=0.456789 validation:micro_ap=0.5",
            "epoch 3, train:loss 0.123456, validation:mAP 0.456789",
        ),
        ("epoch=1", "epoch 1"),
        ("epoch=1 validation:mAP=0.5 exported", "exported epoch 1, validation:mAP 0.5"),
        ("loading epoch=3", None),
        (
            "[06/28/2020 10:35:38 INFO 140] Epoch[0] Validation-accuracy=0.773047",
            "epoch 1, validation:accuracy 0.773047",
        ),
        ("[06/28/2020 10:35:38 INFO 140] Epoch[0] Time cost=3.2", None),
        ("", None),
    ],
)
def test_epoch_lines(message: str, line: str | None) -> None:
    assert epoch_line(message) == line


def test_the_newest_epoch_is_told_and_read_on_from(stack: Target) -> None:
    jobs = JobDetails(stack, RUN, ARN)
    assert jobs.of("Train") is None  # no job has ever logged
    put(stack, f"designs/runs/{RUN}/training.json", golden("training.json"))  # of 12 epochs
    stack.logs.create_log_group(logGroupName=TRAINING_LOGS)
    stack.logs.create_log_stream(logGroupName=TRAINING_LOGS, logStreamName=STREAM)
    log(stack, "loading", "epoch=1 train:loss=0.9 validation:mAP=0.1")
    assert jobs.of("Train") == "epoch 1/12, train:loss 0.9, validation:mAP 0.1"
    log(stack, "epoch=2 train:loss=0.8 validation:mAP=0.2", later=60)
    told = "epoch 2/12, train:loss 0.8, validation:mAP 0.2, about 10 min left"
    assert jobs.of("Train") == told
    assert jobs.of("Train") == told
    log(stack, "epoch=2 validation:mAP=0.2 exported", later=61)
    assert jobs.of("Train") == "exported epoch 2/12, validation:mAP 0.2"


@pytest.mark.parametrize(
    ("ends", "left"),
    [
        ([], None),
        ([(1, 10)], None),
        ([(1, 10), (1, 15)], None),  # told in two lines
        ([(1, 10), (2, 15)], 40),
        ([(1, 10), (2, 15), (10, 16)], None),  # all have ended
        ([(4, 10), (5, 90), (3, 100), (4, 104)], 24),  # went on from a checkpoint
        ([(1, 0), *((n, 100 + n) for n in range(2, 8))], 3),  # the last ones tell
    ],
)
def test_the_time_that_is_left(ends: list[tuple[int, float]], left: float | None) -> None:
    pace = Pace()
    for number, at in ends:
        pace.ended(number, at)
    assert pace.left(10) == left


@pytest.mark.parametrize(
    ("seconds", "said"), [(3, "10 s"), (47, "50 s"), (400, "7 min"), (6000, "1.7 h")]
)
def test_an_estimate_claims_no_more_than_it_knows(seconds: float, said: str) -> None:
    assert minutes(seconds) == said


def test_shards_come_from_the_newest_map_run(stack: Target) -> None:
    stack.__dict__["states"] = States(["RUNNING"], [])
    assert JobDetails(stack, RUN, ARN).of("FetchShards") == "3/7 shards, 1 failed"


def test_trials_and_the_best_so_far(stack: Target) -> None:
    stack.__dict__["sagemaker"] = Tuning()
    assert JobDetails(stack, RUN, ARN).of("Tune") == "2/4 trials"
    stack.__dict__["sagemaker"] = Tuning(
        BestTrainingJob={
            "FinalHyperParameterTuningJobObjectiveMetric": {
                "MetricName": "validation:mAP",
                "Value": 0.5,
            }
        }
    )
    assert JobDetails(stack, RUN, ARN).of("Tune") == "2/4 trials, best validation:mAP 0.5000"


def test_other_states_have_no_detail(stack: Target) -> None:
    assert JobDetails(stack, RUN, ARN).of("PlanDataset") is None


def test_a_run_is_followed_from_before_its_start_to_its_end(
    stack: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watching, "_ACCOUNT_INTERVAL", 0)
    events = [
        event("TaskStateEntered", stateEnteredEventDetails={"name": "PlanDataset"}),
        event("TaskStateExited", stateExitedEventDetails={"name": "PlanDataset"}),
        event("MapStateEntered", stateEnteredEventDetails={"name": "FetchShards"}),
    ]
    statuses = [None, None, "RUNNING", "RUNNING", "SUCCEEDED"]
    stack.__dict__["states"] = States(statuses, events)
    assert watching.watch(stack, RUN)["status"] == "SUCCEEDED"
    said = capsys.readouterr().err
    assert f"Run {RUN} has started" in said
    assert "✓ PlanDataset  0.0 s" in said
    assert said.count("… FetchShards  3/7 shards, 1 failed") == 1  # only news are said


def test_a_run_that_never_starts_is_given_up(
    stack: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_ACCOUNT_INTERVAL", 0)
    stack.__dict__["states"] = States([None], [])
    with pytest.raises(Refused, match="did not start within 0 s"):
        watching.watch(stack, RUN, start_seconds=0)
