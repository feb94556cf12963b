"""Where the laptop's tuning jobs look for better hyperparameters."""

import json
import math
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sagemaker.search import Search, Tried, read_search
from local.sagemaker.trials import tried
from tests.unit.tuning_records import number, tuning

STRATEGIES = ("Random", "Bayesian", "Hyperband")
Objective = Callable[[dict[str, str]], float]


def search(
    strategy: str = "Random", kind: str = "Maximize", seed: int = 3, **ranges: Any
) -> Search:
    return read_search(tuning(strategy, kind, seed, {"epochs": "9"}, **ranges))


def run(asked: Search, objective: Objective, trials: int) -> list[Tried]:
    """Return the trials of a search, one at a time."""
    done: list[Tried] = []
    for _ in range(trials):
        values = asked.propose(done)
        assert values is not None
        done.append(Tried(values, running=False, value=objective(values)))
    return done


def first(seed: int, **ranges: Any) -> str:
    values = search("Random", seed=seed, **ranges).propose([])
    assert values is not None
    return values["x"]


@st.composite
def ranges(draw: st.DrawFn) -> dict[str, Any]:
    scaling = draw(st.sampled_from(("Linear", "Logarithmic", "ReverseLogarithmic", "Auto")))
    bounds = {
        "Linear": st.floats(-1e300, 1e300),
        "Logarithmic": st.floats(1e-300, 1e300),
        "ReverseLogarithmic": st.floats(0, 1, exclude_max=True),
        "Auto": st.floats(0, 1e6),
    }[scaling]
    low, high = sorted((draw(bounds), draw(bounds)))
    whole = "Linear" if scaling == "ReverseLogarithmic" else scaling
    smallest = 1 if whole == "Logarithmic" else -(2**53)
    first, last = sorted(draw(st.tuples(*[st.integers(smallest, 2**53)] * 2)))
    choices = draw(st.lists(st.text(max_size=5), min_size=1, max_size=4))
    return {
        "Continuous": [number(repr(low), repr(high), scaling, "x")],
        "Integer": [number(str(first), str(last), whole, "n")],
        "Categorical": [{"Name": "c", "Values": choices}],
    }


@given(ranges(), st.sampled_from(STRATEGIES), st.integers(0, 2**63), st.data())
@settings(max_examples=150, deadline=None)
def test_every_proposal_lies_in_its_ranges(
    asked: dict[str, Any], strategy: str, seed: int, data: st.DataObject
) -> None:
    scores = data.draw(st.lists(st.none() | st.floats(-1e9, 1e9), min_size=6, max_size=6))
    searching = search(strategy, seed=seed, **asked)
    done: list[Tried] = []
    for i, score in enumerate(scores):
        values = searching.propose(done)
        assert values is not None
        assert set(values) == {"x", "n", "c"}
        for name, kind in (("x", "Continuous"), ("n", "Integer")):
            (bounds,) = asked[kind]
            assert float(bounds["MinValue"]) <= float(values[name]) <= float(bounds["MaxValue"])
        assert re.fullmatch(r"-?\d+", values["n"])
        assert values["c"] in asked["Categorical"][0]["Values"]
        done.append(Tried(values, running=i % 3 == 1, value=None if i % 3 == 1 else score))


def test_a_reverse_logarithmic_range_ends_where_it_says() -> None:
    for end in ("0.1", "0.3", "0.7"):  # 1 - (1 - x) is not x
        asked = search("Bayesian", Continuous=[number(end, end, "ReverseLogarithmic")])
        assert [trial.hyperparameters["x"] for trial in run(asked, lambda _: 0.0, 5)] == [end] * 5


def test_scaling_says_what_lies_in_the_middle() -> None:
    def middle(*range_: str, kind: str = "Continuous") -> float:
        return statistics.median(
            float(first(seed, **{kind: [number(*range_)]})) for seed in range(300)
        )

    assert middle("0.0001", "1", "Logarithmic") == pytest.approx(0.01, rel=0.5)
    assert middle("1", "10000", "Logarithmic", kind="Integer") == pytest.approx(100, rel=0.5)
    assert 1 - middle("0", "0.9999", "ReverseLogarithmic") == pytest.approx(0.01, rel=0.5)
    assert middle("0", "10", "Linear") == pytest.approx(5, rel=0.2)
    assert middle("0", "10000", "Linear", kind="Integer") == pytest.approx(5000, rel=0.2)


def test_each_decade_of_a_logarithmic_range_gets_as_many_trials() -> None:
    seeds = range(400)
    found = [float(first(seed, Continuous=[number("1e-4", "1", "Logarithmic")])) for seed in seeds]
    decades = [sum(10.0**i <= value < 10.0 ** (i + 1) for value in found) for i in range(-4, 0)]
    assert all(60 < count < 140 for count in decades), decades


def test_each_whole_number_and_each_choice_gets_as_many_trials() -> None:
    seeds = range(300)
    numbers = [first(seed, Integer=[number("1", "3")]) for seed in seeds]
    assert all(70 < numbers.count(value) < 130 for value in "123")
    choices = [{"Name": "x", "Values": ["a", "b", "c"]}]
    letters = [first(seed, Categorical=choices) for seed in seeds]
    assert all(70 < letters.count(value) < 130 for value in "abc")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_seed_repeats_the_search_and_another_does_not(
    strategy: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    def proposals(seed: int) -> list[dict[str, str]]:
        asked = search(strategy, seed=seed, Continuous=[number("0", "1")])
        return [trial.hyperparameters for trial in run(asked, lambda values: float(values["x"]), 8)]

    assert proposals(3) == proposals(3)
    assert not [same for same in proposals(3) if same in proposals(4)]
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")  # Optuna keeps it to itself


def test_bayesian_search_does_better_than_chance() -> None:
    def off(values: dict[str, str]) -> float:
        return (float(values["x"]) - 0.2) ** 2 + (float(values["y"]) - 0.8) ** 2

    def best(strategy: str, seed: int) -> float:
        square = [number("0", "1"), number("0", "1", name="y")]
        done = run(search(strategy, "Minimize", seed, Continuous=square), off, 15)
        return min(trial.value for trial in done if trial.value is not None)

    seeds = range(20)
    bayesian = [best("Bayesian", seed) for seed in seeds]
    random = [best("Random", seed) for seed in seeds]
    assert statistics.median(bayesian) < 0.002
    assert statistics.median(bayesian) < statistics.median(random) / 4
    assert sum(a < b for a, b in zip(bayesian, random, strict=True)) >= 15


@pytest.mark.parametrize(("kind", "end"), [("Maximize", 1.0), ("Minimize", 0.0)])
@pytest.mark.parametrize("scaling", ["Linear", "Logarithmic"])
def test_bayesian_search_goes_where_the_objective_says(kind: str, end: float, scaling: str) -> None:
    steps = [100 ** (i / 9) if scaling == "Logarithmic" else 1 + 11.0 * i for i in range(10)]
    done = [Tried({"x": repr(step)}, running=False, value=step) for step in steps]
    found = []
    for seed in range(25):
        asked = search("Bayesian", kind, seed, Continuous=[number("1", "100", scaling)])
        value = float((asked.propose(done) or {})["x"])
        found.append(math.log(value, 100) if scaling == "Logarithmic" else (value - 1) / 99)
    assert statistics.median(found) == pytest.approx(end, abs=0.15)


def test_bayesian_search_prefers_the_choice_that_does_well() -> None:
    choices: Any = {"Categorical": [{"Name": "c", "Values": ["good", "bad"]}]}
    names = ["good", "bad"] * 5
    done = [Tried({"c": name}, running=False, value=float(name == "good")) for name in names]
    found = [
        (search("Bayesian", seed=seed, **choices).propose(done) or {})["c"] for seed in range(20)
    ]
    assert found.count("good") >= 15


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_parallel_trials_differ(strategy: str) -> None:
    asked = search(strategy, Continuous=[number("0", "1")])
    done = run(asked, lambda values: -((float(values["x"]) - 0.5) ** 2), 6)
    for _ in range(8):
        done.append(Tried(asked.propose(done) or {}, running=True, value=None))
    assert len({trial.hyperparameters["x"] for trial in done}) == 14


def test_bayesian_search_keeps_away_from_where_trials_are_under_way() -> None:
    steps = [i / 10 for i in range(11)]
    ended = [Tried({"x": repr(x)}, running=False, value=-((x - 0.5) ** 2)) for x in steps]

    def near(trials: list[Tried]) -> int:
        found = [
            search("Bayesian", seed=seed, Continuous=[number("0", "1")]).propose(trials) or {}
            for seed in range(40)
        ]
        return sum(abs(float(values["x"]) - 0.5) < 0.05 for values in found)

    running = [Tried({"x": "0.5"}, running=True, value=None)] * 3
    assert near(ended) > 2 * near(ended + running), (near(ended), near(ended + running))


def test_a_search_built_anew_from_stored_trials_goes_on_as_the_first_would_have() -> None:
    record = tuning("Bayesian", Continuous=[number("0", "0.999", "ReverseLogarithmic")])
    stored: list[dict[str, Any]] = []
    for status in ("Completed", "Completed", "Failed", "Stopped", "Completed", "InProgress"):
        asked = read_search(record).propose([tried(record, trial) for trial in stored])
        assert asked is not None
        final = [{"MetricName": "score", "Value": float(asked["x"])}]
        stored.append(
            {
                "TrainingJobStatus": status,
                "FinalMetricDataList": final,
                "_TunedHyperParameters": asked,
            }
        )
    record_, stored_ = json.loads(json.dumps([record, stored]))
    again = read_search(record_).propose([tried(record_, trial) for trial in stored_])
    assert again == read_search(record).propose([tried(record, trial) for trial in stored])
    for trial in stored_:
        trial["FinalMetricDataList"][0]["Value"] *= -1
    other = read_search(record_).propose([tried(record_, trial) for trial in stored_])
    assert other != again  # it is the results that it goes by


def test_the_laptop_cloud_and_these_tests_lock_the_same_optuna() -> None:
    root = Path(__file__).parents[2]
    locks = [root / "local/requirements.txt", root / "requirements/dev.txt"]
    found = {re.findall(r"^optuna==(\S+)", lock.read_text(), re.MULTILINE)[0] for lock in locks}
    assert len(found) == 1
