"""The ranges of a tuning job's hyperparameters, checked before anything is tried."""

import math
from dataclasses import dataclass
from typing import Any

from local.sagemaker.errors import invalid

_LARGEST_WHOLE = 2**53  # beyond it numbers are no longer told apart
_WIDE = 100  # a range of two decades is taken for logarithmic


@dataclass(frozen=True)
class Numbers:
    """A numeric range with both its ends; its scaling is settled: `Auto` is no value of it."""

    name: str
    low: float
    high: float
    scaling: str
    whole: bool


@dataclass(frozen=True)
class Choices:
    """A categorical range."""

    name: str
    values: tuple[str, ...]


Axis = Numbers | Choices


def read_axes(ranges: dict[str, Any]) -> tuple[Axis, ...]:
    """Return the axes of ParameterRanges.

    Raises ValidationException for a range that is empty or has no meaning in its scaling.
    """
    axes: list[Axis] = [
        *(_numbers(item, whole=True) for item in ranges.get("IntegerParameterRanges", [])),
        *(_numbers(item, whole=False) for item in ranges.get("ContinuousParameterRanges", [])),
        *(
            Choices(item["Name"], tuple(item["Values"]))
            for item in ranges.get("CategoricalParameterRanges", [])
        ),
    ]
    names = [axis.name for axis in axes]
    if not names or len(names) != len(set(names)):
        raise invalid(f"ParameterRanges must name each hyperparameter once, not {names}")
    return tuple(axes)


def combinations(axes: tuple[Axis, ...]) -> float:
    """Return how many trials can differ; infinite where a continuous range is searched."""
    sizes = (
        len(axis.values)
        if isinstance(axis, Choices)
        else axis.high - axis.low + 1
        if axis.whole
        else math.inf
        for axis in axes
    )
    return math.prod(sizes)


def _numbers(item: dict[str, str], *, whole: bool) -> Numbers:
    name = item["Name"]
    try:
        low, high = float(item["MinValue"]), float(item["MaxValue"])
    except ValueError as exc:
        raise invalid(f"range {name}: {exc}") from exc
    if whole and not (low.is_integer() and high.is_integer()):
        raise invalid(f"range {name}: {item['MinValue']}, {item['MaxValue']} are no whole numbers")
    if whole and max(-low, high) > _LARGEST_WHOLE:
        raise invalid(f"range {name}: whole numbers beyond {_LARGEST_WHOLE} are not told apart")
    if not (math.isfinite(high - low) and low <= high):
        raise invalid(
            f"range {name}: MinValue {low} must not be above MaxValue {high}, "
            "nor infinitely far from it"
        )
    scaling = item.get("ScalingType", "Auto")
    if scaling == "Auto":
        scaling = "Logarithmic" if low > 0 and high / low >= _WIDE else "Linear"
    if scaling == "Logarithmic" and low <= 0:
        raise invalid(f"range {name}: logarithmic scaling needs values above 0")
    if scaling == "ReverseLogarithmic" and not (low >= 0 and high < 1 and not whole):
        raise invalid(
            f"range {name}: reverse logarithmic scaling needs continuous values in [0, 1)"
        )
    return Numbers(name, low, high, scaling, whole)
