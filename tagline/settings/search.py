"""Whether a tuning job can search as its settings say."""

import math

from msgspec.structs import asdict, replace

from tagline.formats.settings import Ranges, Settings, Tuning
from tagline.settings.errors import InvalidSettings

_INTEGERS = ("mini_batch_size", "epochs", "early_stopping_patience", "views", "hidden")


def packed_for_search(settings: Settings) -> Settings:
    """Return the settings with images packed at the largest of the sizes that are searched."""
    sizes = settings.tuning.ranges.image_size if settings.tuning else None
    if sizes is None:
        return settings
    return replace(settings, image=replace(settings.image, size=max(sizes)))


def check_search(settings: Settings) -> None:
    """Raise InvalidSettings for a search that SageMaker refuses, which is after the packing."""
    tuning = settings.tuning
    if tuning is None:
        return
    if tuning.max_parallel_jobs > tuning.max_jobs:
        raise InvalidSettings(
            f"tuning.max_parallel_jobs {tuning.max_parallel_jobs} is more than "
            f"tuning.max_jobs {tuning.max_jobs}",
            "tuning.max_parallel_jobs",
        )
    if tuning.strategy == "Hyperband":
        _check_hyperband(tuning)
    there_are = combinations(tuning.ranges)
    if tuning.max_jobs > there_are:
        raise InvalidSettings(
            f"tuning.max_jobs {tuning.max_jobs} is more than the {there_are:g} combinations "
            f"of tuning.ranges ({_choices_said(tuning.ranges)}): ask for at most {there_are:g}, or "
            "widen a range",
            "tuning.max_jobs",
        )


def _check_hyperband(tuning: Tuning) -> None:
    if tuning.early_stopping:
        raise InvalidSettings(
            "tuning.early_stopping does not go with tuning.strategy: Hyperband, which ends bad "
            "trials by itself",
            "tuning.early_stopping",
        )
    if tuning.ranges.epochs is not None:
        raise InvalidSettings(
            "tuning.ranges.epochs does not go with tuning.strategy: Hyperband, which gives trials "
            "up to training.epochs",
            "tuning.ranges.epochs",
        )


def combinations(ranges: Ranges) -> float:
    """Return how many trials can differ; infinite where a number that is not whole is searched."""
    return math.prod(_choices(ranges).values())


def _choices(ranges: Ranges) -> dict[str, float]:
    """Return how many values each hyperparameter that is searched can take."""
    found: dict[str, float] = {}
    for name, values in asdict(ranges).items():
        if values is None:
            continue
        if name in _INTEGERS:
            found[name] = values[1] - values[0] + 1
        else:
            found[name] = math.inf if isinstance(values[0], float) else len(values)
    return found


def _choices_said(ranges: Ranges) -> str:
    return " times ".join(f"{count:g} of {name}" for name, count in _choices(ranges).items())
