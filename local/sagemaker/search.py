"""Where a tuning job tries next: points of the unit cube, turned into hyperparameters.

Each range is one axis from 0 to 1 in its scaling, so that every strategy works on plain numbers.
"""

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local.sagemaker.errors import invalid
from local.sagemaker.gaussian import most_promising

Point = tuple[float, ...]
Result = tuple[Point, float]  # where, and how good (higher is better)
_RANDOM_START = 3  # trials before there is something to learn from
_CANDIDATES = 200


@dataclass(frozen=True)
class Numbers:
    """A numeric range; `Auto` is taken for logarithmic when it spans two decades or more."""

    name: str
    low: float
    high: float
    scaling: str
    whole: bool

    def at(self, position: float) -> str:
        """Return the value as the string that the container gets."""
        if self.scaling == "Logarithmic":
            value = math.exp(_between(math.log(self.low), math.log(self.high), position))
        elif self.scaling == "ReverseLogarithmic":
            value = 1 - math.exp(_between(math.log1p(-self.low), math.log1p(-self.high), position))
        elif self.whole:  # every whole number gets an equal part of the axis
            value = math.floor(_between(self.low, self.high + 1, position))
        else:
            value = _between(self.low, self.high, position)
        value = min(max(value, self.low), self.high)
        return str(round(value)) if self.whole else repr(value)


@dataclass(frozen=True)
class Choices:
    """A categorical range."""

    name: str
    values: tuple[str, ...]

    def at(self, position: float) -> str:
        """Return the value whose equal part of the axis holds the position."""
        return self.values[min(int(position * len(self.values)), len(self.values) - 1)]


Axis = Numbers | Choices


@dataclass
class Search:
    """Proposes trials by a strategy: Random, Bayesian (Gaussian process) or Grid."""

    strategy: str
    axes: list[Axis]
    seed: int | None = None
    _random: random.Random = field(init=False)
    _grid: Iterator[Point] = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - no secret hangs on it
        steps = [
            [(i + 0.5) / len(axis.values) for i in range(len(axis.values))]
            for axis in self.axes
            if isinstance(axis, Choices)
        ]
        self._grid = iter(itertools.product(*steps))

    def propose(self, results: list[Result], running: list[Point]) -> Point | None:
        """Return the next point, or None when a grid has none left.

        `results` are finished trials, `running` where trials are under way.
        """
        if self.strategy == "Grid":
            return next(self._grid, None)
        if self.strategy == "Random" or len(results) < _RANDOM_START:
            return self._anywhere()
        return most_promising(results, running, [self._anywhere() for _ in range(_CANDIDATES)])

    def values(self, point: Point) -> dict[str, str]:
        """Return the hyperparameters at a point."""
        return {
            axis.name: axis.at(position) for axis, position in zip(self.axes, point, strict=True)
        }

    def _anywhere(self) -> Point:
        return tuple(self._random.random() for _ in self.axes)


def read_search(config: dict[str, Any]) -> Search:
    """Return the search that a HyperParameterTuningJobConfig asks for.

    Raises ValidationException for a range that is empty or has no meaning in its scaling.
    """
    ranges = config.get("ParameterRanges", {})
    axes: list[Axis] = [_numbers(item, whole=True) for item in _get(ranges, "Integer")]
    axes += [_numbers(item, whole=False) for item in _get(ranges, "Continuous")]
    if config["Strategy"] == "Grid" and axes:
        raise invalid("Strategy Grid takes CategoricalParameterRanges only")
    axes += [Choices(item["Name"], tuple(item["Values"])) for item in _get(ranges, "Categorical")]
    names = [axis.name for axis in axes]
    if not names or len(names) != len(set(names)):
        raise invalid(f"ParameterRanges must name each hyperparameter once, not {names}")
    return Search(config["Strategy"], axes, config.get("RandomSeed"))


def _numbers(item: dict[str, str], *, whole: bool) -> Numbers:
    name = item["Name"]
    try:
        low, high = float(item["MinValue"]), float(item["MaxValue"])
    except ValueError as exc:
        raise invalid(f"range {name}: {exc}") from exc
    if whole and not (low.is_integer() and high.is_integer()):
        raise invalid(f"range {name}: {item['MinValue']}, {item['MaxValue']} are no whole numbers")
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise invalid(f"range {name}: MinValue {low} must not be above MaxValue {high}")
    scaling = item.get("ScalingType", "Auto")
    if scaling == "Auto":
        scaling = "Logarithmic" if low > 0 and high / low >= 100 else "Linear"  # noqa: PLR2004
    if scaling == "Logarithmic" and low <= 0:
        raise invalid(f"range {name}: logarithmic scaling needs values above 0")
    if scaling == "ReverseLogarithmic" and not (low >= 0 and high < 1 and not whole):
        raise invalid(
            f"range {name}: reverse logarithmic scaling needs continuous values in [0, 1)"
        )
    return Numbers(name, low, high, scaling, whole)


def _get(ranges: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ranges.get(f"{kind}ParameterRanges", [])
    return found


def _between(low: float, high: float, position: float) -> float:
    return low + (high - low) * position
