"""Records of tuning jobs, as the laptop's SageMaker keeps them."""

from typing import Any


def tuning(
    strategy: str = "Random",
    kind: str = "Maximize",
    seed: int = 3,
    static: dict[str, str] | None = None,
    **ranges: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return a tuning job's record; `ranges` are `Integer`, `Continuous`, `Categorical`."""
    return {
        "HyperParameterTuningJobConfig": {
            "Strategy": strategy,
            "HyperParameterTuningJobObjective": {"Type": kind, "MetricName": "score"},
            "ParameterRanges": {f"{name}ParameterRanges": items for name, items in ranges.items()},
        },
        "TrainingJobDefinition": {"StaticHyperParameters": static or {}},
        "_Seed": seed,
    }


def number(low: str, high: str, scaling: str = "Linear", name: str = "x") -> dict[str, str]:
    """Return a numeric range."""
    return {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scaling}
