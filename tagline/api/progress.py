"""How a run goes: the states that its execution entered, its training jobs, their epochs."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tagline.api.bucket import DataBucket
from tagline.api.problem import bad_request, not_found
from tagline.api.progress_documents import (
    EXECUTION,
    EpochShown,
    ItemsShown,
    JobShown,
    RunProgress,
    StateShown,
)
from tagline.aws.faults import error_code
from tagline.formats.document import Document
from tagline.formats.keys import RunKeys
from tagline.formats.names import job_name
from tagline.formats.steps import TrainPlan, TunePlan
from tagline.jobs.epochs import JobLog, epoch_of
from tagline.outcomes.state_times import State, follow

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient

LOOK_SECONDS = 2.0  # how long an answer is given again: GetExecutionHistory allows 5 calls a second
_KEPT = 64  # runs whose logs are read on
_MOST_JOBS = 100
_MAPS = {"FetchShards", "PackParts"}
_NO_EXECUTION = "ExecutionDoesNotExist"


class _Mode(Document, kw_only=True):
    """Of training.json what tells its type."""

    mode: str


@dataclass
class _Read:
    """What was read of a job's log so far."""

    log: JobLog
    epochs: dict[int, EpochShown] = field(default_factory=dict)

    def on(self) -> list[EpochShown]:
        """Read on, and return the epochs in their order."""
        for line in self.log.news():
            epoch = epoch_of(line["message"])
            if epoch is not None and not epoch.exported:
                at = _iso(datetime.fromtimestamp(line["timestamp"] / 1000, UTC))
                known = self.epochs.get(epoch.number)
                metrics = {**(known.metrics if known else {}), **epoch.metrics}
                self.epochs[epoch.number] = EpochShown(epoch=epoch.number, at=at, metrics=metrics)
        return [self.epochs[number] for number in sorted(self.epochs)]


@dataclass(frozen=True)
class Flow:
    """The clients that are asked, and the stack's own: its name, and its flow by ARN."""

    states: "SFNClient"
    sagemaker: "SageMakerClient"
    logs: "CloudWatchLogsClient"
    stack: str
    machine: str


class Progresses:
    """Tells of one stack's runs; what a container has read of a log it does not read again."""

    def __init__(
        self, bucket: DataBucket, flow: Flow, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bucket = bucket
        self._flow = flow
        self._clock = clock
        self._told: dict[str, tuple[float, RunProgress]] = {}
        self._logs: dict[str, _Read] = {}

    def of(self, run: str, execution: str | None = None) -> RunProgress:
        """Return how a run goes, or the execution that carries an order about it out.

        Raises a 400 for what no execution is called, a 404 for a run that is not there and for an
        execution that is another run's.
        """
        name = run if execution is None else execution
        if not re.fullmatch(EXECUTION.strip("^$"), name):
            raise bad_request("bad_query", "execution must be the name of an execution of the run.")
        if name != run and not name.startswith(f"{run}-"):
            raise not_found("unknown_execution", f"{name} is no execution of run {run}.")
        now = self._clock()
        at, told = self._told.get(name, (0.0, None))
        if told is None or now - at >= LOOK_SECONDS:
            told = self._look(RunKeys(run), name)
            _keep(self._told, name, (now, told))
        return told

    def _look(self, keys: RunKeys, name: str) -> RunProgress:
        machine = self._flow.machine
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        status = self._status(arn)
        if status is None and not self._bucket.holds(keys.prefix):
            raise not_found("unknown_run", f"There is no run {keys.run}.")
        states = follow(self._history(arn)) if status else []
        current = next((s.name for s in reversed(states) if s.status == "running"), None)
        plan = self._plan(keys) if name == keys.run else None
        return RunProgress(
            dataset=keys.dataset,
            run=keys.run,
            execution=name,
            status=status,
            current=current,
            states=[_state(state) for state in states],
            epochs=_epochs(plan),
            jobs=self._jobs(keys.run, plan) if plan else [],
            items=self._items(arn) if current in _MAPS else None,
        )

    def _status(self, arn: str) -> str | None:
        try:
            return self._flow.states.describe_execution(executionArn=arn)["status"]
        except ClientError as exc:
            if error_code(exc) == _NO_EXECUTION:
                return None
            raise

    def _history(self, arn: str) -> Iterable[Any]:
        pages = self._flow.states.get_paginator("get_execution_history").paginate(
            executionArn=arn, includeExecutionData=False, PaginationConfig={"PageSize": 1000}
        )
        return (event for page in pages for event in page["events"])

    def _plan(self, keys: RunKeys) -> TrainPlan | TunePlan | None:
        found = self._bucket.get(keys.training_plan, _Mode)
        if found is None:
            return None
        if found.mode == "tune":
            return self._bucket.get(keys.training_plan, TunePlan)
        return self._bucket.get(keys.training_plan, TrainPlan)

    def _jobs(self, run: str, plan: TrainPlan | TunePlan) -> list[JobShown]:
        name = job_name(self._flow.stack, run, "tune" if isinstance(plan, TunePlan) else "train")
        found = self._trials(name) if isinstance(plan, TunePlan) else self._trainings(name)
        found.sort(key=lambda job: job["CreationTime"], reverse=True)
        chosen = _chosen(found)
        return [
            JobShown(
                name=job["TrainingJobName"],
                status=job["TrainingJobStatus"],
                started=_iso(job["CreationTime"]),
                ended=_iso(job["TrainingEndTime"]) if "TrainingEndTime" in job else None,
                objective=_objective(job),
                epochs=self._epochs(job["TrainingJobName"]) if job is chosen else None,
            )
            for job in found[:_MOST_JOBS]
        ]

    def _trainings(self, name: str) -> list[Any]:
        answer = self._flow.sagemaker.list_training_jobs(
            NameContains=name, SortBy="CreationTime", SortOrder="Descending", MaxResults=_MOST_JOBS
        )
        jobs = answer["TrainingJobSummaries"]
        return [job for job in jobs if job["TrainingJobName"].startswith(f"{name}-")]

    def _trials(self, name: str) -> list[Any]:
        sagemaker = self._flow.sagemaker
        searches = sagemaker.list_hyper_parameter_tuning_jobs(
            NameContains=name, SortBy="CreationTime", SortOrder="Descending", MaxResults=1
        )["HyperParameterTuningJobSummaries"]
        return [
            trial
            for search in searches
            for trial in sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
                HyperParameterTuningJobName=search["HyperParameterTuningJobName"],
                MaxResults=_MOST_JOBS,
                SortBy="CreationTime",
                SortOrder="Descending",
            )["TrainingJobSummaries"]
        ]

    def _epochs(self, job: str) -> list[EpochShown]:
        if job not in self._logs:
            _keep(self._logs, job, _Read(JobLog(self._flow.logs, f"{job}/")))
        return self._logs[job].on()

    def _items(self, arn: str) -> ItemsShown | None:
        """Return how far the newest map of an execution is."""
        runs = self._flow.states.list_map_runs(executionArn=arn)["mapRuns"]
        if not runs:
            return None
        newest = max(runs, key=lambda item: item["startDate"])
        counts = self._flow.states.describe_map_run(mapRunArn=newest["mapRunArn"])[
            "executionCounts"
        ]
        return ItemsShown(done=counts["succeeded"], failed=counts["failed"], all=counts["total"])


def _chosen(jobs: list[Any]) -> Any:
    """Return the job whose epochs are shown: the newest that goes on, else the best, the newest."""
    going = [job for job in jobs if job["TrainingJobStatus"] == "InProgress"]
    judged = [job for job in jobs if _objective(job) is not None]
    best = max(judged, key=lambda job: _objective(job) or 0.0, default=None)
    return next(iter(going), best or next(iter(jobs), None))


def _objective(job: Any) -> float | None:
    found = job.get("FinalHyperParameterTuningJobObjectiveMetric")
    return float(found["Value"]) if found else None


def _epochs(plan: TrainPlan | TunePlan | None) -> int | None:
    if plan is None:
        return None
    if isinstance(plan, TrainPlan):
        given = plan.request.hyper_parameters
    else:
        given = plan.request.training_job_definition.static_hyper_parameters
    told = given.get("epochs", "")
    return int(told) if told.isdecimal() else None


def _state(state: State) -> StateShown:
    return StateShown(
        name=state.name,
        status=state.status,
        entered=_iso(state.entered),
        ended=_iso(state.ended) if state.ended else None,
        attempts=state.attempts,
        error=state.error,
    )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _keep(kept: dict[str, Any], name: str, value: object) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[name] = value
