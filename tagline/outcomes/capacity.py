"""Whether a job failed for want of machines, which come back, or of itself.

Step Functions names both alike: SageMaker's `CapacityError` is a job that failed, a refused task
an `ECS.AmazonECSException`. Only their causes tell.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from tagline.formats.document import encode_record
from tagline.formats.steps import Caught, JobFailure, JudgeEvent, Wait
from tagline.outcomes.failures import SHORT_OF_MACHINES, JobFailed, shortened, unwrap

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

MOST_WAITS = 9  # a digit of the jobs' names
_FIRST, _LONGEST = 300, 2400  # seconds: with them nine waits take four and a half hours
_QUOTA = "SageMaker.ResourceLimitExceededException"
# "The account-level service limit '…' is 2 Instances, with current utilization of 1 Instances and
# a request delta of 2 Instances."
_LIMIT = re.compile(r" is (\d+) Instances.* request delta of (\d+) Instances", re.DOTALL)
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
_NO_ROOM = re.compile(
    r"capacity is unavailable|RESOURCE:|reached the limit on the number", re.IGNORECASE
)


class _Job(msgspec.Struct, rename="pascal"):
    """What counts of a job's description."""

    failure_reason: str = ""
    hyper_parameter_tuning_job_name: str | None = None


def judge(event: JudgeEvent, sagemaker: "SageMakerClient") -> Wait:
    """Return how long to wait before the job is tried again; raises JobFailed if it is not.

    An execution that was redriven tries at once, whatever its job failed of.
    """
    failure = event.failure
    if event.redrives > failure.redrives:
        return Wait(times=0, seconds=0)
    if event.times < MOST_WAITS and wants_capacity(failure, sagemaker):
        return Wait(times=event.times + 1, seconds=min(_FIRST << event.times, _LONGEST))
    said = unwrap(failure.error, failure.cause)
    told = Caught(error=said.kind, cause=shortened(said.message))
    raise JobFailed(encode_record(told).decode().strip())


def wants_capacity(failure: JobFailure, sagemaker: "SageMakerClient") -> bool:
    """Tell whether a job failed for want of machines: of a quota in use, or of AWS's own."""
    if failure.error == _QUOTA:
        limit = _LIMIT.search(failure.cause)
        return limit is None or int(limit[1]) >= int(limit[2])  # else it never fits
    if failure.error.startswith("ECS."):
        return bool(_NO_ROOM.search(failure.cause))
    try:
        job = msgspec.json.decode(failure.cause, type=_Job)
    except msgspec.DecodeError:
        return False
    if job.hyper_parameter_tuning_job_name is None:
        return _short(job.failure_reason)
    trials = list(_reasons(job.hyper_parameter_tuning_job_name, sagemaker))
    return bool(trials) and all(map(_short, trials))


def _short(reason: str) -> bool:
    return reason.startswith(SHORT_OF_MACHINES)


def _reasons(tuning_job: str, sagemaker: "SageMakerClient") -> Iterator[str]:
    """Yield what the trials of a search failed of, '' for one that did not."""
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=tuning_job
    )
    for page in pages:
        for trial in page["TrainingJobSummaries"]:
            yield trial.get("FailureReason", "")
