"""What a tuning job searches, and how."""

from collections.abc import Mapping

from msgspec import UNSET
from msgspec.structs import asdict

from tagline.formats.sagemaker import (
    ChoiceRange,
    HyperbandResources,
    NumberRange,
    Objective,
    ParameterRanges,
    ResourceLimits,
    Search,
    StrategyConfig,
)
from tagline.formats.settings import Ranges, Tuning

OF_NUMBERS = ("learning_rate", "weight_decay", "label_smoothing", "dropout", "weight_averaging")
OF_COUNTS = ("mini_batch_size", "epochs", "early_stopping_patience", "views")
_CONTINUOUS = (*OF_NUMBERS, "regularization", "age_decay")
_INTEGERS = (*OF_COUNTS, "hidden")
_SHORTEST_TRIAL = 9  # times shorter than the longest: two rounds of one in three


def search(tuning: Tuning, seed: int, epochs: int, objective: str, values: int) -> Search:
    """Return how a tuning job searches for the largest `objective`.

    A trial has so many `epochs`, and tells so many `values` of the objective.
    """
    ranges = given(tuning.ranges)
    least, most = max(1, epochs // _SHORTEST_TRIAL), values
    resources = HyperbandResources(min_resource=least, max_resource=most)
    return Search(
        strategy=tuning.strategy,
        strategy_config=StrategyConfig(hyperband_strategy_config=resources)
        if tuning.strategy == "Hyperband"
        else UNSET,
        training_job_early_stopping_type="Auto" if tuning.early_stopping else "Off",
        hyper_parameter_tuning_job_objective=Objective(type="Maximize", metric_name=objective),
        resource_limits=ResourceLimits(
            max_number_of_training_jobs=tuning.max_jobs,
            max_parallel_training_jobs=tuning.max_parallel_jobs,
        ),
        parameter_ranges=ParameterRanges(
            continuous_parameter_ranges=_numbers(ranges, _CONTINUOUS),
            integer_parameter_ranges=_numbers(ranges, _INTEGERS),
            categorical_parameter_ranges=tuple(
                ChoiceRange(name=name, values=tuple(values))
                for name, values in ranges.items()
                if name not in _CONTINUOUS + _INTEGERS
            ),
        ),
        random_seed=seed,
    )


def given(ranges: Ranges) -> dict[str, list[str]]:
    """Return the ranges that are searched, their values as SageMaker's strings."""
    found = {
        name: [text(value) for value in values]
        for name, values in asdict(ranges).items()
        if values is not None
    }
    if sizes := found.pop("image_size", None):
        found["image_shape"] = [f"3,{size},{size}" for size in sizes]
    return found


def _numbers(ranges: Mapping[str, list[str]], names: tuple[str, ...]) -> tuple[NumberRange, ...]:
    return tuple(
        NumberRange(
            name=name,
            min_value=low,
            max_value=high,
            # rates and sizes matter by their ratio; a logarithm needs a minimum above zero
            scaling_type="Logarithmic" if float(low) > 0 else "Linear",
        )
        for name, (low, high) in ranges.items()
        if name in names
    )


def text(value: object) -> str:
    """Return a setting's value as SageMaker's string."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)
