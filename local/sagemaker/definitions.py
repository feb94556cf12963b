"""What a tuning job says of its training jobs: to them, and when it is described."""

from typing import Any

from local.sagemaker.errors import invalid

_OWN = ("DefinitionName", "HyperParameterTuningResourceConfig", "StaticHyperParameters")


def check(definition: dict[str, Any]) -> None:
    """Raise ValidationException unless the machines are named in one place."""
    if "ResourceConfig" in definition and "HyperParameterTuningResourceConfig" in definition:
        raise invalid("either ResourceConfig or HyperParameterTuningResourceConfig, not both")


def training_of(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the members of CreateTrainingJob that a TrainingJobDefinition stands for.

    The SDK names the machines in HyperParameterTuningResourceConfig instead of ResourceConfig; of
    several kinds of machines there always are those named first.
    """
    given = {name: value for name, value in definition.items() if name not in _OWN}
    machines = definition.get("HyperParameterTuningResourceConfig")
    if not machines:
        return given
    configs = machines.get("InstanceConfigs") or [{}]
    chosen = {**machines, **configs[0]}
    left_out = ("InstanceConfigs", "AllocationStrategy")
    resources = {name: value for name, value in chosen.items() if name not in left_out}
    return {**given, "ResourceConfig": resources}


def described(definition: dict[str, Any], counts: str) -> dict[str, Any]:
    """Return a TrainingJobDefinition as it is answered: the metric that counts is handed to all."""
    fixed = {**definition.get("StaticHyperParameters", {}), "_tuning_objective_metric": counts}
    output = {"KmsKeyId": "", **definition["OutputDataConfig"]}
    resources = training_of(definition)["ResourceConfig"]
    told = {"StaticHyperParameters": fixed, "OutputDataConfig": output, "ResourceConfig": resources}
    return {**definition, **told}
