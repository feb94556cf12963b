"""How a tuning job searches, by its strategy: what it tries next, and which trial it gives up.

Everything is worked out from the job's record and its trials so far; nothing else is remembered.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from local.sagemaker.errors import invalid
from local.sagemaker.ranges import Axis, Choices, combinations, read_axes
from local.sagemaker.store import Record

_EPOCHS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
_MOST_EPOCHS = 20_000


@dataclass(frozen=True)
class Tried:
    """An earlier trial: its hyperparameters, and its objective value unless it runs or failed."""

    hyperparameters: dict[str, str]
    running: bool
    value: float | None


@dataclass(frozen=True)
class Resources:
    """Values of the objective metric, one an epoch, that Hyperband gives to a trial."""

    least: int
    most: int


@dataclass(frozen=True)
class Search:
    """A strategy over axes; `resources` belong to Hyperband alone."""

    strategy: str
    axes: tuple[Axis, ...]
    maximize: bool
    seed: int
    resources: Resources | None

    def propose(self, tried: Sequence[Tried]) -> dict[str, str] | None:
        """Return the hyperparameters of the next trial, or None when a grid has none left.

        `tried` are all trials so far in the order of their start.
        """
        if self.strategy == "Grid":
            steps = [axis.values for axis in self.axes if isinstance(axis, Choices)]
            step = next(itertools.islice(itertools.product(*steps), len(tried), None), None)
            names = [axis.name for axis in self.axes]
            return None if step is None else dict(zip(names, step, strict=True))
        from local.sagemaker import proposals  # noqa: PLC0415 - loading Optuna delays the start

        return proposals.propose(self, tried)

    def exhausted(self, values: Sequence[float]) -> bool:
        """Tell whether Hyperband stops a trial because it trains on after its last epoch.

        The last epoch itself is no reason: the trial has a model to write then.
        """
        return self.resources is not None and len(values) > self.resources.most

    def gives_up(self, values: Sequence[Sequence[float]], number: int) -> bool:
        """Tell whether Hyperband stops trial `number` (from 0) because its latest value is bad.

        `values` are the objective's values of every trial so far, in the order of their start.
        """
        if self.resources is None:
            return False
        from local.sagemaker import proposals  # noqa: PLC0415 - as above

        return proposals.gives_up(self, self.resources, values, number)


def read_search(tuning: Record) -> Search:
    """Return the search that the record of a tuning job asks for.

    Raises ValidationException for ranges or resources that make no sense.
    """
    config = tuning["HyperParameterTuningJobConfig"]
    strategy = config["Strategy"]
    axes = read_axes(config.get("ParameterRanges", {}))
    if strategy == "Grid" and not all(isinstance(axis, Choices) for axis in axes):
        raise invalid("Strategy Grid takes CategoricalParameterRanges only")
    wanted = config.get("ResourceLimits", {}).get("MaxNumberOfTrainingJobs", 0)
    if strategy != "Grid" and wanted > combinations(axes):
        raise invalid(
            f"the {combinations(axes):g} combinations of the ranges must be as many as "
            f"MaxNumberOfTrainingJobs, {wanted}, or more"
        )
    static = tuning["TrainingJobDefinition"].get("StaticHyperParameters", {})
    twice = {axis.name for axis in axes} & set(static)
    if twice:
        raise invalid(f"hyperparameters {sorted(twice)} are both static and in a range")
    asked = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig")
    if asked and strategy != "Hyperband":
        raise invalid(f"HyperbandStrategyConfig goes with Strategy Hyperband, not {strategy}")
    return Search(
        strategy,
        axes,
        config["HyperParameterTuningJobObjective"]["Type"] == "Maximize",
        tuning["_Seed"],
        _resources(asked or {}, static) if strategy == "Hyperband" else None,
    )


def _resources(asked: dict[str, int], static: dict[str, str]) -> Resources:
    least, most = asked.get("MinResource", 1), asked.get("MaxResource")
    if most is None:
        name = next((name for name in _EPOCHS if static.get(name, "").isdecimal()), None)
        if name is None:
            raise invalid(f"MaxResource is required without one of {_EPOCHS} among the static")
        most = int(static[name])
    if not least <= most <= _MOST_EPOCHS:
        raise invalid(
            f"MinResource {least} must not be above MaxResource {most}, "
            f"nor that above {_MOST_EPOCHS}"
        )
    return Resources(least, most)
