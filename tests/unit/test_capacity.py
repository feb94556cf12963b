"""Want of machines is waited for; what a job fails of by itself is told as it was."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from tagline.aws import clients
from tagline.outcomes.capacity import MOST_WAITS
from tagline.outcomes.failures import JobFailed, reason, unwrap
from tests.unit.flow_world import STATE, account, call

SHORT = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a "
    "different ML instance type."
)
QUOTA = (
    "The account-level service limit 'ml.c5.4xlarge for training job usage' is {} Instances, with "
    "current utilization of 1 Instances and a request delta of {} Instances. Please use AWS "
    "Service Quotas to request an increase for this quota."
)
FULL = "SageMaker.ResourceLimitExceededException"
REFUSED = "ECS.AmazonECSException"


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with account(monkeypatch):
        yield


def failed(error: str, cause: Any, *, times: int = 0, redrives: int = 0) -> dict[str, Any]:
    text = cause if isinstance(cause, str) else json.dumps(cause)
    failure = {"error": error, "cause": text, "redrives": 0}
    return STATE | {"times": times, "redrives": redrives, "failure": failure}


def job(failure: str, **more: str) -> dict[str, str]:
    return {"TrainingJobName": "j-000", "FailureReason": failure, **more}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("States.TaskFailed", job(SHORT)),
        ("States.TaskFailed", {"ProcessingJobName": "j", "FailureReason": SHORT}),
        (FULL, QUOTA.format(1, 1)),
        (FULL, "words that nobody has seen yet"),
        (REFUSED, "Capacity is unavailable at this time. Please try again later"),
        (REFUSED, '[{"Reason": "RESOURCE:CPU"}]'),
        (REFUSED, "You\u2019ve reached the limit on the number of vCPUs you can run concurrently"),
    ],
)
def test_want_of_capacity_is_waited_for(error: str, cause: Any) -> None:
    assert call("judge_failure", failed(error, cause)) == {"times": 1, "seconds": 300}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("States.TaskFailed", job("AlgorithmError: CapacityError is a word of mine")),
        ("States.TaskFailed", job("ClientError: no such channel")),
        ("States.TaskFailed", "CapacityError: not of a job"),
        (FULL, QUOTA.format(0, 1)),
        (FULL, QUOTA.format(2, 4)),
        (REFUSED, "User is not authorized to perform: iam:PassRole"),
        (REFUSED, '[{"Reason": "INACTIVE"}]'),
        ("SageMaker.AmazonSageMakerException", "ValidationException: no such role"),
    ],
)
def test_what_does_not_come_right_by_waiting_fails_at_once(error: str, cause: Any) -> None:
    """And the run is told of it in the words that it had before."""
    event = failed(error, cause)
    with pytest.raises(JobFailed) as raised:
        call("judge_failure", event)
    wrapped = json.dumps({"errorMessage": str(raised.value), "errorType": "JobFailed"})
    before = unwrap(error, event["failure"]["cause"])
    assert unwrap("JobFailed", wrapped) == before
    assert reason("Train", unwrap("JobFailed", wrapped)) == reason("Train", before)


def test_it_is_waited_longer_each_time_and_hours_at_most() -> None:
    waits = [
        call("judge_failure", failed(FULL, QUOTA.format(1, 1), times=times))["seconds"]
        for times in range(MOST_WAITS)
    ]
    assert waits == sorted(waits)
    assert 4 * 3600 < sum(waits) < 5 * 3600
    with pytest.raises(JobFailed):
        call("judge_failure", failed(FULL, QUOTA.format(1, 1), times=MOST_WAITS))


def test_a_run_that_is_resumed_tries_again_whatever_it_failed_of() -> None:
    event = failed("States.TaskFailed", job("AlgorithmError: lr"), times=4, redrives=1)
    assert call("judge_failure", event) == {"times": 0, "seconds": 0}


@pytest.mark.parametrize(
    ("reasons", "waits"),
    [([SHORT, SHORT], True), ([SHORT, "AlgorithmError: lr"], False), ([SHORT, None], False),
     ([], False)],
)  # fmt: skip
def test_a_search_waits_where_no_trial_had_a_machine(
    reasons: list[str | None], waits: bool
) -> None:
    said = {
        "HyperParameterTuningJobName": "t-000",
        "FailureReason": "All training jobs failed.",
    }
    trials: list[Any] = [
        {
            "TrainingJobName": f"t-{number}",
            "TrainingJobArn": "arn",
            "CreationTime": 0,
            "TrainingJobStatus": "Failed" if why else "Completed",
            "TunedHyperParameters": {},
            **({"FailureReason": why} if why else {}),
        }
        for number, why in enumerate(reasons)
    ]
    with Stubber(clients.sagemaker()) as stubber:
        stubber.add_response(
            "list_training_jobs_for_hyper_parameter_tuning_job",
            {"TrainingJobSummaries": trials},
            {"HyperParameterTuningJobName": "t-000"},
        )
        if waits:
            assert call("judge_failure", failed("States.TaskFailed", said))["times"] == 1
        else:
            with pytest.raises(JobFailed):
                call("judge_failure", failed("States.TaskFailed", said))


def test_a_run_that_waited_in_vain_is_told_what_to_do() -> None:
    said = reason("Train", unwrap("States.TaskFailed", json.dumps(job(SHORT))))
    assert said.endswith("upload the list again later, or name another type.")
