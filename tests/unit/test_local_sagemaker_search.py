"""Where the laptop's tuning jobs look for better hyperparameters."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.sagemaker.errors import SageMakerError
from local.sagemaker.gaussian import Point, most_promising
from local.sagemaker.search import Choices, Numbers, read_search


def config(strategy: str = "Random", **ranges: list[dict[str, Any]]) -> dict[str, Any]:
    named = {f"{kind}ParameterRanges": items for kind, items in ranges.items()}
    return {"Strategy": strategy, "ParameterRanges": named, "RandomSeed": 3}


def number(low: str, high: str, scaling: str = "Linear") -> dict[str, str]:
    return {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": scaling}


@given(st.floats(0, 1))
def test_every_position_lies_in_the_range(position: float) -> None:
    for scaling in ("Linear", "Logarithmic", "ReverseLogarithmic"):
        assert 0.01 <= float(Numbers("x", 0.01, 0.9, scaling, whole=False).at(position)) <= 0.9
    for scaling in ("Linear", "Logarithmic"):
        assert 2 <= int(Numbers("n", 2, 5, scaling, whole=True).at(position)) <= 5
    assert Choices("c", ("a", "b")).at(position) in ("a", "b")


def test_scaling_says_what_lies_in_the_middle() -> None:
    assert float(Numbers("x", 0.0001, 1, "Logarithmic", whole=False).at(0.5)) == pytest.approx(0.01)
    reverse = Numbers("x", 0, 0.9999, "ReverseLogarithmic", whole=False)
    assert float(reverse.at(0.5)) == pytest.approx(0.99)
    assert Numbers("x", 0, 10, "Linear", whole=False).at(0.5) == "5.0"
    assert [Numbers("n", 1, 2, "Linear", whole=True).at(at) for at in (0, 0.49, 0.5, 1)] == [
        *"1122"
    ]


def test_auto_is_logarithmic_over_two_decades() -> None:
    wide = read_search(config(Continuous=[number("0.001", "0.1", "Auto")]))
    narrow = read_search(config(Continuous=[number("0.1", "0.9", "Auto")]))
    assert isinstance(wide.axes[0], Numbers)
    assert isinstance(narrow.axes[0], Numbers)
    assert (wide.axes[0].scaling, narrow.axes[0].scaling) == ("Logarithmic", "Linear")


def test_a_seed_repeats_the_search() -> None:
    ranges = config(Continuous=[number("0", "1")])
    first, second = read_search(ranges), read_search(ranges)
    assert [first.propose([], []) for _ in range(5)] == [second.propose([], []) for _ in range(5)]


def test_a_grid_visits_every_combination_once() -> None:
    search = read_search(
        config(
            "Grid",
            Categorical=[
                {"Name": "a", "Values": ["1", "2", "3"]},
                {"Name": "b", "Values": ["x", "y"]},
            ],
        )
    )
    points = [point for _ in range(6) if (point := search.propose([], []))]
    seen = {tuple(search.values(point).values()) for point in points}
    assert len(seen) == 6
    assert search.propose([], []) is None


def test_bayesian_search_does_better_than_chance() -> None:
    def score(point: Point) -> float:
        return -((point[0] - 0.2) ** 2) - (point[1] - 0.8) ** 2

    def best(strategy: str) -> float:
        search = read_search(
            config(strategy, Continuous=[number("0", "1"), {**number("0", "1"), "Name": "y"}])
        )
        results: list[tuple[Point, float]] = []
        for _ in range(15):
            point = search.propose(results, [])
            assert point is not None
            results.append((point, score(point)))
        return max(value for _, value in results)

    assert best("Bayesian") > best("Random")
    assert best("Bayesian") > -0.002


def test_parallel_trials_spread_out() -> None:
    results: list[tuple[Point, float]] = [((0.0,), 0.0), ((1.0,), 0.0), ((0.5,), 1.0)]
    candidates: list[Point] = [(step / 50,) for step in range(51)]
    first = most_promising(results, [], candidates)
    second = most_promising(results, [first], candidates)
    assert abs(first[0] - second[0]) > 0.02


@pytest.mark.parametrize(
    ("ranges", "told"),
    [
        (config(), "must name each hyperparameter once"),
        (config(Continuous=[number("0", "1")] * 2), "must name each hyperparameter once"),
        (config(Continuous=[number("1", "0")]), "must not be above"),
        (config(Continuous=[number("one", "2")]), "range x"),
        (config(Continuous=[number("nan", "2")]), "range x"),
        (config(Continuous=[number("0", "1", "Logarithmic")]), "needs values above 0"),
        (config(Continuous=[number("0", "1", "ReverseLogarithmic")]), r"\[0, 1\)"),
        (config(Integer=[number("0.5", "1")]), "no whole numbers"),
        (config("Grid", Integer=[number("0", "1")]), "CategoricalParameterRanges only"),
    ],
)
def test_a_range_without_meaning_is_refused(ranges: dict[str, Any], told: str) -> None:
    with pytest.raises(SageMakerError, match=told):
        read_search(ranges)
