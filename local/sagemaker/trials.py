"""What a tuning job says of its training jobs, and what its search learns from them.

A trial that the search ended has the member `_Pruned`: true when it did badly, false when it had
trained for as long as any may.
"""

from typing import Any

from local.sagemaker import shapes
from local.sagemaker.search import Tried
from local.sagemaker.store import Record

_UNDER_WAY = ("InProgress", "Stopping")


def objective(tuning: Record) -> dict[str, str]:
    """Return the metric that counts, `{"MetricName", "Type"}`."""
    metric: dict[str, str] = tuning["HyperParameterTuningJobConfig"][
        "HyperParameterTuningJobObjective"
    ]
    return metric


def objective_value(tuning: Record, trial: Record) -> float | None:
    """Return the last value of the objective metric, or None without one.

    Of the trials that did not complete only those have one that the search stopped.
    """
    metric = objective(tuning)
    status = trial["TrainingJobStatus"]
    if status == "Completed" or (status == "Stopped" and "_Pruned" in trial):
        for item in trial["FinalMetricDataList"]:
            if item["MetricName"] == metric["MetricName"]:
                value: float = item["Value"]
                return value
    return None


def best_first(tuning: Record, trials: list[Record]) -> list[Record]:
    """Return the trials that have an objective value, best first; of equals the earlier one.

    Those stopped for doing badly come last, whatever their value: they left no whole model.
    """
    sign = -1.0 if objective(tuning)["Type"] == "Maximize" else 1.0
    valued = [(objective_value(tuning, trial), trial) for trial in trials]
    ranked = [
        (trial.get("_Pruned", False), sign * value, i, trial)
        for i, (value, trial) in enumerate(valued)
        if value is not None
    ]
    return [trial for *_, trial in sorted(ranked, key=lambda item: item[:3])]


def tried(tuning: Record, trial: Record) -> Tried:
    """Return what the search learns from a trial."""
    running = trial["TrainingJobStatus"] in _UNDER_WAY
    return Tried(trial["_TunedHyperParameters"], running, objective_value(tuning, trial))


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
        final = {**objective(tuning), "Value": value}
        summary["FinalHyperParameterTuningJobObjectiveMetric"] = final
    return shapes.members_of("HyperParameterTrainingJobSummary", summary)


def objective_status(tuning: Record, trial: Record) -> str:
    """Return Pending while a trial runs, then Succeeded if it had an objective value."""
    if trial["TrainingJobStatus"] in _UNDER_WAY:
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
