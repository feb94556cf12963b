"""What goes on inside a state: shards fetched, epochs trained, trials finished."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.cli.target import Target
from tagline.formats.keys import RunKeys
from tagline.formats.names import job_name
from tagline.formats.steps import TrainPlan

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import GetLogEventsRequestTypeDef

TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
_EPOCH = re.compile(r"^epoch=(?P<epoch>\d+)\b")
_METRIC = re.compile(r"(?P<name>train:loss|validation:mAP)=(?P<value>[0-9.]+)")
_MISSING = {"ResourceNotFoundException", "ResourceNotFound"}


@dataclass
class JobDetails:
    """Looks up one line of detail for the states that take long; None while there is none."""

    target: Target
    run: str
    execution: str
    _tokens: dict[str, str] = field(default_factory=dict)
    _last_epoch: str | None = None

    def of(self, state: str) -> str | None:
        """Return the state's detail as it is now."""
        look: dict[str, Callable[[], str | None]] = {
            "FetchShards": lambda: self._children("shards"),
            "PackParts": lambda: self._children("parts"),
            "Train": self._epoch,
            "Tune": self._trials,
        }
        return look[state]() if state in look else None

    def _children(self, noun: str) -> str | None:
        runs = self.target.states.list_map_runs(executionArn=self.execution)["mapRuns"]
        if not runs:
            return None
        newest = max(runs, key=lambda item: item["startDate"])
        counts = self.target.states.describe_map_run(mapRunArn=newest["mapRunArn"])[
            "executionCounts"
        ]
        failed = f", {counts['failed']} failed" if counts["failed"] else ""
        return f"{counts['succeeded']}/{counts['total']} {noun}{failed}"

    def _epoch(self) -> str | None:
        """Read on in the training job's log and return its newest epoch line."""
        for message in self._new_lines(job_name(self.target.stack, self.run, "train")):
            self._last_epoch = epoch_line(message, self._epochs) or self._last_epoch
        return self._last_epoch

    @cached_property
    def _epochs(self) -> str | None:
        """How many epochs the run asked for: PlanTraining has said so before a job logs."""
        plan = self.target.bucket.get(RunKeys(self.run).training_plan, TrainPlan)
        return plan.request.hyper_parameters.get("epochs") if plan else None

    def _new_lines(self, stream_prefix: str) -> list[str]:
        try:
            streams = self.target.logs.describe_log_streams(
                logGroupName=TRAINING_LOGS, logStreamNamePrefix=stream_prefix
            )["logStreams"]
        except ClientError as exc:
            if error_code(exc) in _MISSING:  # no job has logged yet
                return []
            raise
        lines = []
        for stream in streams:
            name = stream["logStreamName"]
            request: GetLogEventsRequestTypeDef = {
                "logGroupName": TRAINING_LOGS,
                "logStreamName": name,
                "startFromHead": True,
            }
            if name in self._tokens:
                request["nextToken"] = self._tokens[name]
            page = self.target.logs.get_log_events(**request)
            self._tokens[name] = page["nextForwardToken"]
            lines += [event["message"] for event in page["events"]]
        return lines

    def _trials(self) -> str | None:
        found = self.target.sagemaker.list_hyper_parameter_tuning_jobs(
            NameContains=job_name(self.target.stack, self.run, "tune"),
            SortBy="CreationTime",
            SortOrder="Descending",
        )["HyperParameterTuningJobSummaries"]
        if not found:
            return None
        name = found[0]["HyperParameterTuningJobName"]
        job = self.target.sagemaker.describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name
        )
        limits = job["HyperParameterTuningJobConfig"]["ResourceLimits"]
        done = job["TrainingJobStatusCounters"].get("Completed", 0)
        text = f"{done}/{limits.get('MaxNumberOfTrainingJobs', '?')} trials"
        best = job.get("BestTrainingJob", {}).get("FinalHyperParameterTuningJobObjectiveMetric")
        return f"{text}, best {best['MetricName']} {best['Value']:.4f}" if best else text


def epoch_line(message: str, epochs: str | None = None) -> str | None:
    """Return an epoch's log line (`epoch=3 …`) as people read it, or None for any other line."""
    epoch = _EPOCH.match(message)
    if epoch is None:
        return None
    metrics = [f"{found['name']} {found['value']}" for found in _METRIC.finditer(message)]
    of = f"/{epochs}" if epochs else ""
    exported = "exported " if message.endswith(" exported") else ""  # the last line: the best epoch
    return ", ".join([f"{exported}epoch {epoch['epoch']}{of}", *metrics])
