"""What a run used, from histories as Step Functions writes them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tagline.aws.s3 import Bucket
from tagline.outcomes.cost import cost_of, execution_of
from tests.unit.documents import RUN
from tests.unit.flow_world import BUCKET, VARIABLES, Account, account

BEGIN = datetime(2026, 11, 12, tzinfo=UTC)
ARN = f"arn:aws:states:us-east-1:123456789012:execution:tagline-retrain:{RUN}"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


class Execution:
    """An execution whose history is written a task at a time."""

    def __init__(self) -> None:
        self.states, self.sagemaker = boto3.client("stepfunctions"), boto3.client("sagemaker")
        self.asked, self.jobs = Stubber(self.states), Stubber(self.sagemaker)
        self.events: list[dict[str, Any]] = []
        self.now = BEGIN

    def add(self, kind: str, after: float = 0.0, **details: Any) -> None:
        self.now += timedelta(seconds=after)
        event = {"id": len(self.events) + 1, "type": kind, "timestamp": self.now}
        if details:
            event[f"{kind[0].lower()}{kind[1:]}EventDetails"] = details
        self.events.append(event)

    def enter(self, state: str, kind: str = "Task") -> None:
        self.events.append(
            {
                "id": len(self.events) + 1,
                "type": f"{kind}StateEntered",
                "timestamp": self.now,
                "stateEnteredEventDetails": {"name": state},
            }
        )

    def task(self, state: str, service: str, call: str, seconds: float, **end: Any) -> None:
        """A task from its entry to its end; by default a success with nothing to say."""
        self.enter(state)
        ids: Any = {"resourceType": service, "resource": call}
        self.add("TaskScheduled", region="us-east-1", parameters="{}", **ids)
        self.add("TaskStarted", after=5, **ids)
        kind = end.pop("kind", "TaskSucceeded")
        self.add(kind, after=seconds, **ids, **(end or {"output": "{}"}))

    def job(self, state: str, call: str, answer: dict[str, Any], **end: Any) -> None:
        self.task(state, "sagemaker", f"{call}.sync", 999, output=json.dumps(answer), **end)

    def cost(self) -> Any:
        asked = {"executionArn": ARN, "includeExecutionData": True, "maxResults": 1000}
        half = len(self.events) // 2
        first = {"events": self.events[:half], "nextToken": "more"}
        self.asked.add_response("get_execution_history", first, asked)
        rest = {"events": self.events[half:]}
        self.asked.add_response("get_execution_history", rest, asked | {"nextToken": "more"})
        for queued in self.later:
            self.asked.add_response(*queued)
        with self.asked, self.jobs:
            cost = cost_of(ARN, Bucket(boto3.client("s3"), BUCKET), self.states, self.sagemaker)
            self.asked.assert_no_pending_responses()
            self.jobs.assert_no_pending_responses()
        return cost

    later: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = ()


def training(seconds: int, kind: str = "ml.c5.4xlarge", count: int = 1) -> dict[str, Any]:
    return {
        "TrainingJobName": "j-0",
        "TrainingTimeInSeconds": 3 * seconds,
        "BillableTimeInSeconds": seconds,
        "ResourceConfig": {"InstanceType": kind, "InstanceCount": count, "VolumeSizeInGB": 30},
    }


def used(cost: Any) -> dict[str, tuple[str, float]]:
    return {state.state: (state.on, state.seconds) for state in cost.states}


def test_every_kind_of_task_is_told_by_state(world: Account) -> None:
    run = Execution()
    run.task("PlanDataset", "lambda", "invoke", 4.5)
    run.task("PackDataset", "ecs", "runTask.sync", 90)
    run.job("Train", "createTrainingJob", training(600, count=2))
    processing = {
        "ProcessingJobName": "e-0",
        "ProcessingStartTime": 1_700_000_000_000,
        "ProcessingEndTime": 1_700_000_120_000,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}
        },
    }
    run.job("Evaluate", "createProcessingJob", processing)
    run.task("CreateModel", "sagemaker", "createModel", 3)
    run.task("UpdateEndpoint", "aws-sdk:sagemaker", "updateEndpoint", 3)
    cost = run.cost()
    assert used(cost) == {
        "PlanDataset": ("Lambda, 3008 MB", 4.5),
        "PackDataset": ("Fargate, 4 vCPU, 16 GB", 90),
        "Train": ("ml.c5.4xlarge", 1200),
        "Evaluate": ("ml.m5.xlarge", 120),
    }
    assert cost.unknown == ()
    assert cost.price == pytest.approx(sum(state.price for state in cost.states))
    assert (cost.region, cost.currency) == ("us-east-1", "USD")


def test_attempts_add_up_failed_ones_too(world: Account) -> None:
    run = Execution()
    failed = {"kind": "TaskFailed", "error": "States.TaskFailed"}
    run.task("Train", "sagemaker", "createTrainingJob.sync", 9, **failed, cause="Throttled")
    told = json.dumps(training(100))
    run.task("Train", "sagemaker", "createTrainingJob.sync", 9, **failed, cause=told)
    run.task("PlanDataset", "lambda", "invoke", 2, kind="TaskTimedOut", error="States.Timeout")
    run.task("PlanDataset", "lambda", "invoke", 3)
    cost = run.cost()
    assert used(cost) == {
        "Train": ("ml.c5.4xlarge", 100),
        "PlanDataset": ("Lambda, 3008 MB", 5),
    }
    assert cost.unknown == ()


def test_a_search_costs_what_its_trials_bill(world: Account) -> None:
    run = Execution()
    run.job("Tune", "createHyperParameterTuningJob", {"HyperParameterTuningJobName": "t-0"})
    trials = []
    for name in ("t-0-001", "t-0-002"):
        job = {"TrainingJobName": name, "TrainingJobArn": f"arn:aws:sagemaker:us:1:{name}"}
        trials.append(job | {"CreationTime": BEGIN, "TrainingJobStatus": "Completed",
                             "TunedHyperParameters": {}})  # fmt: skip
    run.jobs.add_response(
        "list_training_jobs_for_hyper_parameter_tuning_job",
        {"TrainingJobSummaries": trials},
        {"HyperParameterTuningJobName": "t-0"},
    )
    for trial, seconds in zip(trials, (70, 30), strict=True):
        answer = trial | training(seconds) | {
            "ModelArtifacts": {"S3ModelArtifacts": "s3://data/x"},
            "SecondaryStatus": "Completed",
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "StoppingCondition": {},
        }  # fmt: skip
        del answer["TunedHyperParameters"]
        answer["TrainingJobName"] = trial["TrainingJobName"]
        run.jobs.add_response(
            "describe_training_job", answer, {"TrainingJobName": trial["TrainingJobName"]}
        )
    assert used(run.cost()) == {"Tune": ("ml.c5.4xlarge", 100)}


def test_a_maps_children_count_each(world: Account) -> None:
    run = Execution()
    run.enter("FetchShards", "Map")
    map_run = "arn:aws:states:us-east-1:123456789012:mapRun:tagline-retrain/FetchShards:1a2b"
    listed = {"mapRunArn": map_run, "executionArn": ARN, "stateMachineArn": "arn:m",
              "startDate": BEGIN}  # fmt: skip
    child = {"executionArn": "arn:c", "stateMachineArn": "arn:m", "name": "c"}
    children = [
        child | {"status": "SUCCEEDED", "startDate": BEGIN,
                 "stopDate": BEGIN + timedelta(seconds=seconds)}
        for seconds in (20, 30)
    ]  # fmt: skip
    running = child | {"status": "RUNNING", "startDate": BEGIN}
    redriven = children[0] | {
        "redriveCount": 1,
        "redriveDate": BEGIN + timedelta(days=3),
        "stopDate": BEGIN + timedelta(days=3, seconds=7),
    }
    run.later = (
        ("list_map_runs", {"mapRuns": [listed]}, {"executionArn": ARN}),
        (
            "list_executions",
            {"executions": [*children, running, redriven]},
            {"mapRunArn": map_run, "maxResults": 1000},
        ),
    )
    cost = run.cost()
    assert used(cost) == {"FetchShards": ("Lambda, 1769 MB", 57)}
    assert cost.unknown == (
        "what those children of FetchShards used that failed first: they tell of their last turn",
    )


@pytest.mark.parametrize(
    "end",
    [
        {"kind": "TaskTimedOut", "error": "States.Timeout"},
        {"kind": "TaskFailed", "error": "States.Timeout", "cause": "stopped"},
        {"kind": "TaskFailed", "error": "States.TaskFailed", "cause": '{"TrainingJobName": "cut o'},
        {"output": '{"TrainingJobName": "j-0", "TrainingJobStatus": "Stopped"}'},
    ],
)
def test_a_job_that_does_not_tell_is_named(world: Account, end: dict[str, Any]) -> None:
    run = Execution()
    run.task("Train", "sagemaker", "createTrainingJob.sync", 9, **end)
    cost = run.cost()
    assert (cost.states, cost.price) == ((), 0)
    assert cost.unknown == ("what Train used: its job does not tell how long it ran",)


def test_an_execution_that_was_stopped_under_its_job_says_so(world: Account) -> None:
    run = Execution()
    run.enter("Train")
    ids: Any = {"resourceType": "sagemaker", "resource": "createTrainingJob.sync"}
    run.add("TaskScheduled", region="us-east-1", parameters="{}", **ids)
    run.add("TaskStarted", **ids)
    run.add("ExecutionAborted")
    assert run.cost().unknown == ("what Train used: the execution ended before its job did",)


def test_a_resumed_state_counts_each_time(world: Account) -> None:
    """RedriveExecution enters no state anew: it goes on in the one that failed."""
    ids: Any = {"resourceType": "lambda", "resource": "invoke"}
    again: Any = {"resourceType": "sagemaker", "resource": "createTrainingJob.sync"}
    run = Execution()
    run.task("PlanTraining", "lambda", "invoke", 2, kind="TaskFailed", error="Runtime.ExitError")
    run.add("ExecutionFailed")
    run.add("ExecutionRedriven", after=86400, redriveCount=1)
    run.add("TaskScheduled", region="us-east-1", parameters="{}", **ids)
    run.add("TaskStarted", **ids)
    run.add("TaskSucceeded", after=3, output="{}", **ids)
    run.enter("Train")
    run.add("TaskScheduled", region="us-east-1", parameters="{}", **again)
    run.add("TaskStarted", **again)
    run.add("ExecutionAborted")
    run.add("ExecutionRedriven", after=86400, redriveCount=2)
    run.add("TaskScheduled", region="us-east-1", parameters="{}", **again)
    run.add("TaskStarted", **again)
    run.add("TaskSucceeded", after=99, output=json.dumps(training(99)), **again)
    cost = run.cost()
    assert used(cost) == {
        "PlanTraining": ("Lambda, 3008 MB", 5),
        "Train": ("ml.c5.4xlarge", 99),
    }
    assert cost.unknown == ("what Train used: the execution ended before its job did",)


def test_what_cannot_be_read_is_no_reason_to_fail(world: Account) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="prices.json", Body=b"{")
    run = Execution()
    run.asked.add_client_error("get_execution_history", "AccessDeniedException", "no")
    with run.asked:
        cost = cost_of(ARN, Bucket(world.s3, BUCKET), run.states, run.sagemaker)
    assert cost.price == 0
    assert "s3://data/prices.json is not JSON" in cost.unknown[0]
    assert "AccessDeniedException" in cost.unknown[1]


def test_a_runs_execution_is_named_after_it() -> None:
    assert execution_of(VARIABLES["STATE_MACHINE_ARN"], RUN) == ARN


def test_a_job_that_never_had_a_machine_used_none(world: Account) -> None:
    run = Execution()
    short = {"TrainingJobName": "j-0", "FailureReason": "CapacityError: Unable to provision"}
    run.task("Train", "sagemaker", "createTrainingJob.sync", 9, kind="TaskFailed",
             error="States.TaskFailed", cause=json.dumps(short))  # fmt: skip
    run.job("Train", "createTrainingJob", training(60))
    cost = run.cost()
    assert used(cost) == {"Train": ("ml.c5.4xlarge", 60)}
    assert cost.unknown == ()
