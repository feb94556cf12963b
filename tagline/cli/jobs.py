"""What goes on inside a state: shards fetched, epochs trained, trials finished."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from tagline.cli.target import Target
from tagline.formats.keys import RunKeys
from tagline.formats.names import job_name
from tagline.formats.steps import TrainPlan
from tagline.jobs.epochs import JobLog, epoch_of

_SHOWN = ("train:loss", "validation:mAP", "train:accuracy", "validation:accuracy")


@dataclass
class JobDetails:
    """Looks up one line of detail for the states that take long; None while there is none."""

    target: Target
    run: str
    execution: str
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
        for line in self._log.news():
            self._last_epoch = epoch_line(line["message"], self._epochs) or self._last_epoch
        return self._last_epoch

    @cached_property
    def _log(self) -> JobLog:
        return JobLog(self.target.logs, job_name(self.target.stack, self.run, "train"))

    @cached_property
    def _epochs(self) -> str | None:
        """How many epochs the run asked for: PlanTraining has said so before a job logs."""
        plan = self.target.bucket.get(RunKeys(self.run).training_plan, TrainPlan)
        return plan.request.hyper_parameters.get("epochs") if plan else None

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
    epoch = epoch_of(message)
    if epoch is None:
        return None
    metrics = [f"{name} {epoch.metrics[name]:g}" for name in _SHOWN if name in epoch.metrics]
    of = f"/{epochs}" if epochs else ""
    exported = "exported " if epoch.exported else ""  # the last line: the best epoch
    return ", ".join([f"{exported}epoch {epoch.number}{of}", *metrics])
