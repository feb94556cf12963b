"""What a run used, read from its execution's history: of jobs by their own answers.

A training job tells its billable seconds, which with spot capacity are fewer than it ran; a
processing job when it began and ended. Tasks and functions are paid from their start to their end,
a map's children by theirs.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from tagline.outcomes.failures import SHORT_OF_MACHINES
from tagline.pricing.bill import Use
from tagline.pricing.machines import PACKING, Instance, Machine, function_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

_PAGE = 1000
_CHILDREN: dict[str, Machine] = {
    "FetchShards": function_of("FetchShard"),
    "PackParts": PACKING,
    "TagShards": function_of("TagShard"),
}
_ENDED = {"TaskSucceeded", "TaskFailed", "TaskTimedOut"}
_TIMEOUT = "States.Timeout"
_MILLISECONDS = 1000


class _Resources(msgspec.Struct, rename="pascal"):
    instance_type: str
    instance_count: int = 1


class _Processing(msgspec.Struct, rename="pascal"):
    cluster_config: _Resources


class _Job(msgspec.Struct, rename="pascal"):
    """Of what SageMaker says of a job, what is paid; times in milliseconds since 1970."""

    training_job_name: str | None = None
    processing_job_name: str | None = None
    hyper_parameter_tuning_job_name: str | None = None
    billable_time_in_seconds: float | None = None
    resource_config: _Resources | None = None
    processing_resources: _Processing | None = None
    processing_start_time: float | None = None
    processing_end_time: float | None = None
    failure_reason: str = ""


class Usage:
    """What an execution used, and what of it cannot be told."""

    def __init__(self, states: "SFNClient", sagemaker: "SageMakerClient") -> None:
        """Take the clients that are asked."""
        self._states = states
        self._sagemaker = sagemaker
        self.uses: list[Use] = []
        self.unknown: list[str] = []

    def read(self, execution: str) -> None:
        """Add what an execution, by its ARN, used so far."""
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=execution, includeExecutionData=True, PaginationConfig={"PageSize": _PAGE}
        )
        maps = self._tasks(event for page in pages for event in page["events"])
        if maps:
            self._children(execution)

    def _tasks(self, events: "Iterable[HistoryEventTypeDef]") -> bool:
        """Go through the history, in which one state follows another; tell whether maps ran."""
        state, resource, began, maps = "", "", 0.0, False
        for event in events:
            kind, now = event["type"], event["timestamp"].timestamp()
            if kind.endswith("StateEntered"):
                state = event["stateEnteredEventDetails"]["name"]
                maps = maps or state in _CHILDREN
            elif kind == "TaskScheduled":
                resource = event["taskScheduledEventDetails"]["resource"].rpartition(":")[2]
                began = now
            elif kind == "TaskStarted":
                began = now
            elif kind in _ENDED and resource:
                self._ended(state, resource, max(0.0, now - began), event)
                resource = ""
            elif kind == "ExecutionRedriven":  # goes on in the same state
                self._left(state, resource)
                resource = ""
        self._left(state, resource)
        return maps

    def _left(self, state: str, resource: str) -> None:
        if resource.endswith(".sync"):
            self.unknown.append(f"what {state} used: the execution ended before its job did")

    def _ended(
        self, state: str, resource: str, seconds: float, event: "HistoryEventTypeDef"
    ) -> None:
        if resource == "invoke":
            self.uses.append(Use(state, function_of(state), seconds))
        elif resource == "runTask.sync":
            self.uses.append(Use(state, PACKING, seconds))
        elif resource.startswith("create") and resource.endswith("Job.sync"):
            self._job(state, event)

    def _job(self, state: str, event: "HistoryEventTypeDef") -> None:
        failed = event.get("taskFailedEventDetails", {})
        said = event.get("taskSucceededEventDetails", {}).get("output") or failed.get("cause", "")
        try:
            job = msgspec.json.decode(said, type=_Job)
        except msgspec.DecodeError:
            timed_out = event["type"] == "TaskTimedOut" or failed.get("error") == _TIMEOUT
            if timed_out or said.startswith("{"):  # else SageMaker did not take it
                self.unknown.append(f"what {state} used: its job does not tell how long it ran")
            return
        if job.hyper_parameter_tuning_job_name is not None:
            self.uses += self._trials(state, job.hyper_parameter_tuning_job_name)
        elif job.billable_time_in_seconds is not None and job.resource_config is not None:
            self._instances(state, job.resource_config, job.billable_time_in_seconds)
        elif (
            job.processing_resources is not None
            and job.processing_start_time is not None
            and job.processing_end_time is not None
        ):
            took = (job.processing_end_time - job.processing_start_time) / _MILLISECONDS
            self._instances(state, job.processing_resources.cluster_config, took)
        elif job.failure_reason.startswith(SHORT_OF_MACHINES):
            return  # it never had a machine
        elif job.training_job_name or job.processing_job_name:
            self.unknown.append(f"what {state} used: its job does not tell how long it ran")

    def _instances(self, state: str, resources: _Resources, seconds: float) -> None:
        machine = Instance(resources.instance_type)
        self.uses.append(Use(state, machine, seconds * resources.instance_count))

    def _trials(self, state: str, tuning_job: str) -> Iterator[Use]:
        pages = self._sagemaker.get_paginator(
            "list_training_jobs_for_hyper_parameter_tuning_job"
        ).paginate(HyperParameterTuningJobName=tuning_job)
        for page in pages:
            for trial in page["TrainingJobSummaries"]:
                job = self._sagemaker.describe_training_job(
                    TrainingJobName=trial["TrainingJobName"]
                )
                resources = job["ResourceConfig"]
                yield Use(
                    state,
                    Instance(resources["InstanceType"]),
                    job.get("BillableTimeInSeconds", 0) * resources["InstanceCount"],
                )

    def _children(self, execution: str) -> None:
        runs = self._states.list_map_runs(executionArn=execution)["mapRuns"]
        redriven: set[str] = set()
        for run in runs:
            # …:mapRun:<machine>/<label>:<id>; the label is the map's name
            label = run["mapRunArn"].rpartition("/")[2].partition(":")[0]
            pages = self._states.get_paginator("list_executions").paginate(
                mapRunArn=run["mapRunArn"], PaginationConfig={"PageSize": _PAGE}
            )
            for page in pages:
                for child in page["executions"]:
                    stopped, again = child.get("stopDate"), child.get("redriveDate")
                    if again is not None:
                        redriven.add(label)
                    if stopped is not None and label in _CHILDREN:
                        took = (stopped - (again or child["startDate"])).total_seconds()
                        self.uses.append(Use(label, _CHILDREN[label], took))
        self.unknown += [
            f"what those children of {label} used that failed first: they tell of their last turn"
            for label in sorted(redriven)
        ]
