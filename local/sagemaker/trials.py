"""What a tuning job says of its training jobs."""

from typing import Any

from local.sagemaker import shapes
from local.sagemaker.store import Record


def objective_value(tuning: Record, trial: Record) -> float | None:
    """Return a completed trial's last value of the objective metric, or None without one."""
    metric = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    if trial["TrainingJobStatus"] == "Completed":
        for item in trial["FinalMetricDataList"]:
            if item["MetricName"] == metric["MetricName"]:
                value: float = item["Value"]
                return value
    return None


def best_first(tuning: Record, trials: list[Record]) -> list[Record]:
    """Return the trials that have an objective value, best first; of equals the earlier one."""
    metric = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    sign = -1.0 if metric["Type"] == "Maximize" else 1.0
    valued = [(objective_value(tuning, trial), trial) for trial in trials]
    ranked = [
        (sign * value, i, trial) for i, (value, trial) in enumerate(valued) if value is not None
    ]
    return [trial for _, _, trial in sorted(ranked, key=lambda item: item[:2])]


def trial_summary(tuning: Record, trial: Record) -> Record:
    """Return a HyperParameterTrainingJobSummary."""
    summary: dict[str, Any] = {
        **trial,
        "TuningJobName": tuning["HyperParameterTuningJobName"],
        "TunedHyperParameters": trial["_TunedHyperParameters"],
        "ObjectiveStatus": objective_status(tuning, trial),
    }
    value = objective_value(tuning, trial)
    if value is not None:
        metric = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
        summary["FinalHyperParameterTuningJobObjectiveMetric"] = {**metric, "Value": value}
    return shapes.members_of("HyperParameterTrainingJobSummary", summary)


def objective_status(tuning: Record, trial: Record) -> str:
    """Return Pending while a trial runs, then Succeeded if it had an objective value."""
    if trial["TrainingJobStatus"] in ("InProgress", "Stopping"):
        return "Pending"
    return "Failed" if objective_value(tuning, trial) is None else "Succeeded"


def counters(trials: list[Record]) -> dict[str, int]:
    """Return TrainingJobStatusCounters."""
    count = dict.fromkeys(
        ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped"), 0
    )
    names = {"Failed": "NonRetryableError", "Stopping": "InProgress"}
    for trial in trials:
        status: str = trial["TrainingJobStatus"]
        count[names.get(status, status)] += 1
    return count


def objective_counters(tuning: Record, trials: list[Record]) -> dict[str, int]:
    """Return ObjectiveStatusCounters."""
    count = {"Succeeded": 0, "Pending": 0, "Failed": 0}
    for trial in trials:
        count[objective_status(tuning, trial)] += 1
    return count
