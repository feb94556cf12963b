"""What goes on inside a state: shards fetched, epochs trained, trials finished."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from tagline.cli.target import Target
from tagline.formats.keys import RunKeys
from tagline.formats.names import job_name
from tagline.formats.steps import TrainPlan
from tagline.jobs.epochs import JobLog, epoch_of

_LOOKED_AT = 6  # epochs by which the time that is left is told: machines slow down and speed up
_SHOWN = (
    "train:loss",
    "validation:mAP",
    "validation:macro_recall",
    "train:accuracy",
    "validation:accuracy",
)


@dataclass
class Pace:
    """How long an epoch takes, by when the last of them ended."""

    _ends: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=_LOOKED_AT))

    def ended(self, number: int, at: float) -> None:
        """Take note of an epoch that ended, at so many seconds; of several lines the first."""
        if self._ends and number <= self._ends[-1][0]:
            if number < self._ends[-1][0]:  # a job that was ended goes on from a checkpoint
                self._ends.clear()
            else:
                return
        self._ends.append((number, at))

    def left(self, epochs: int) -> float | None:
        """Return the seconds until so many have ended; None before two have, and when all have."""
        if len(self._ends) < 2:  # noqa: PLR2004 - a difference
            return None
        (first, began), (last, now) = self._ends[0], self._ends[-1]
        return (now - began) / (last - first) * (epochs - last) if last < epochs else None


def minutes(left: float) -> str:
    """Return an estimate of seconds in words that do not claim more than it knows."""
    if left < 90:  # noqa: PLR2004
        return f"{max(10, round(left / 10) * 10)} s"
    return f"{round(left / 60)} min" if left < 5400 else f"{left / 3600:.1f} h"  # noqa: PLR2004


@dataclass
class JobDetails:
    """Looks up one line of detail for the states that take long; None while there is none."""

    target: Target
    run: str
    execution: str
    _last_epoch: str | None = None
    _pace: Pace = field(default_factory=Pace)

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
            epoch = epoch_of(line["message"])
            if epoch and not epoch.exported:
                self._pace.ended(epoch.number, line["timestamp"] / 1000)
        if self._last_epoch is None or self._last_epoch.startswith("exported"):
            return self._last_epoch
        left = self._pace.left(int(self._epochs)) if self._epochs else None
        return (
            self._last_epoch if left is None else f"{self._last_epoch}, about {minutes(left)} left"
        )

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
