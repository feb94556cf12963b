"""How a tuning job searches, by its strategy: what it tries next, and which trial it gives up.

Everything is worked out from the job's record and its trials so far; nothing else is remembered.
"""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from local.sagemaker.errors import invalid
from local.sagemaker.ranges import Axis, Choices, combinations, read_axes
from local.sagemaker.store import Record

_EPOCHS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
_MOST_EPOCHS = 20_000
_FEWEST_ENDED = 2  # trials, before others are stopped early


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
    """A strategy over axes.

    `resources` belong to Hyperband alone; `early_stopping` is for the others.
    """

    strategy: str
    axes: tuple[Axis, ...]
    maximize: bool
    seed: int
    resources: Resources | None
    early_stopping: bool = False

    @property
    def watches(self) -> bool:
        """Whether trials are looked at while they run."""
        return self.resources is not None or self.early_stopping

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

    def gives_up(
        self, values: Sequence[Sequence[float]], number: int, done: Sequence[int] = ()
    ) -> bool:
        """Tell whether trial `number` (from 0) is stopped because its latest value is bad.

        `values` are the objective's values of every trial so far, in the order of their start;
        `done` are the numbers of those that trained to their end.
        """
        if self.early_stopping:
            ended = [values[other] for other in done if other != number]
            return worse_than_most(values[number], ended, maximize=self.maximize)
        if self.resources is None:
            return False
        from local.sagemaker import proposals  # noqa: PLC0415 - as above

        return proposals.gives_up(self, self.resources, values, number)


def worse_than_most(
    values: Sequence[float], ended: Sequence[Sequence[float]], *, maximize: bool
) -> bool:
    """Tell whether a trial's latest value is worse than the median of the others' averages so far.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html
    """
    epoch = len(values)
    averages = [statistics.fmean(other[:epoch]) for other in ended if len(other) > epoch]
    if len(averages) < _FEWEST_ENDED:
        return False
    median = statistics.median(averages)
    return values[-1] < median if maximize else values[-1] > median


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
    early = config.get("TrainingJobEarlyStoppingType") == "Auto"
    if early and strategy == "Hyperband":
        raise invalid("TrainingJobEarlyStoppingType Auto does not go with Strategy Hyperband")
    return Search(
        strategy,
        axes,
        config["HyperParameterTuningJobObjective"]["Type"] == "Maximize",
        tuning["_Seed"],
        _resources(asked or {}, static) if strategy == "Hyperband" else None,
        early,
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
