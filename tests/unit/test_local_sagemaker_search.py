"""What the laptop's tuning jobs take for a search, and what they refuse."""

import subprocess
import sys
from typing import Any

import pytest

from local.sagemaker.errors import SageMakerError
from local.sagemaker.ranges import Numbers
from local.sagemaker.search import Resources, Search, Tried, read_search, worse_than_most
from tests.unit.tuning_records import number, tuning


def test_auto_is_logarithmic_over_two_decades() -> None:
    def scaling(low: str, high: str) -> str:
        (axis,) = read_search(tuning(Continuous=[number(low, high, "Auto")])).axes
        assert isinstance(axis, Numbers)
        return axis.scaling

    assert scaling("0.001", "0.1") == "Logarithmic"
    assert scaling("0.1", "0.9") == "Linear"
    assert scaling("0", "1000") == "Linear"


def test_a_grid_visits_every_combination_once() -> None:
    search = read_search(
        tuning(
            "Grid",
            Categorical=[
                {"Name": "a", "Values": ["1", "2", "3"]},
                {"Name": "b", "Values": ["x", "y"]},
            ],
        )
    )
    tried: list[Tried] = []
    while (proposal := search.propose(tried)) is not None:
        tried.append(Tried(proposal, running=False, value=None))
    assert len(tried) == 6
    assert {(trial.hyperparameters["a"], trial.hyperparameters["b"]) for trial in tried} == {
        (a, b) for a in "123" for b in "xy"
    }


@pytest.mark.parametrize(
    ("config", "static", "resources"),
    [
        ({"MinResource": 2, "MaxResource": 9}, {}, Resources(2, 9)),
        ({"MaxResource": 9}, {"epochs": "5"}, Resources(1, 9)),
        ({"MinResource": 5}, {"epochs": "5"}, Resources(5, 5)),
        ({}, {"epochs": "many", "n-epochs": "7", "num_epochs": "8"}, Resources(1, 7)),
    ],
)
def test_hyperband_knows_how_long_a_trial_may_train(
    config: dict[str, int], static: dict[str, str], resources: Resources
) -> None:
    assert hyperband(config, static).resources == resources


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "MaxResource is required without one of"),
        ({"MinResource": 5, "MaxResource": 4}, "MinResource 5 must not be above MaxResource 4"),
        ({"MaxResource": 20_001}, "nor that above 20000"),
    ],
)
def test_resources_that_make_no_sense_are_refused(config: dict[str, int], told: str) -> None:
    with pytest.raises(SageMakerError, match=told):
        hyperband(config, {})


@pytest.mark.parametrize(("jobs", "taken"), [(6, True), (7, False)])
def test_as_many_trials_as_combinations_are_taken_as_on_aws(jobs: int, taken: bool) -> None:
    record = tuning(Integer=[number("2", "4")], Categorical=[{"Name": "a", "Values": ["1", "2"]}])
    limits = {"ResourceLimits": {"MaxNumberOfTrainingJobs": jobs}}
    record["HyperParameterTuningJobConfig"] |= limits
    if taken:
        read_search(record)
        return
    with pytest.raises(SageMakerError, match="the 6 combinations of the ranges must be as many"):
        read_search(record)
    endless = tuning(Integer=[number("2", "4")], Continuous=[number("0", "1", name="y")])
    endless["HyperParameterTuningJobConfig"] |= limits
    read_search(endless)


def test_hyperbands_resources_go_with_no_other_strategy() -> None:
    record = tuning("Random", Continuous=[number("0", "1")])
    config = record["HyperParameterTuningJobConfig"]
    config["StrategyConfig"] = {"HyperbandStrategyConfig": {"MaxResource": 9}}
    with pytest.raises(SageMakerError, match="goes with Strategy Hyperband, not Random"):
        read_search(record)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (tuning(), "must name each hyperparameter once"),
        (tuning(Continuous=[number("0", "1")] * 2), "must name each hyperparameter once"),
        (tuning(Continuous=[number("1", "0")]), "must not be above"),
        (tuning(Continuous=[number("one", "2")]), "range x"),
        (tuning(Continuous=[number("nan", "2")]), "range x"),
        (tuning(Continuous=[number("0", "inf")]), "range x"),
        (tuning(Continuous=[number("-1e308", "1e308")]), "infinitely far"),
        (tuning(Continuous=[number("0", "1", "Logarithmic")]), "needs values above 0"),
        (tuning(Continuous=[number("0", "1", "ReverseLogarithmic")]), r"\[0, 1\)"),
        (tuning(Integer=[number("0", "0", "ReverseLogarithmic")]), "continuous values"),
        (tuning(Integer=[number("0.5", "1")]), "no whole numbers"),
        (tuning(Integer=[number("0", "1e16")]), "range x: whole numbers beyond"),
        (tuning("Grid", Integer=[number("0", "1")]), "CategoricalParameterRanges only"),
        (tuning(static={"x": "1"}, Integer=[number("0", "1")]), r"\['x'\] are both static"),
    ],
)
def test_a_range_without_meaning_is_refused(record: dict[str, Any], told: str) -> None:
    with pytest.raises(SageMakerError, match=told):
        read_search(record)


def test_a_cloud_that_tunes_nothing_does_not_load_optuna() -> None:
    look = "import sys, local.sagemaker.service; sys.exit('optuna' in sys.modules)"
    subprocess.run([sys.executable, "-c", look], check=True, timeout=60)


def hyperband(config: dict[str, int], static: dict[str, str]) -> Search:
    record = tuning("Hyperband", static=static, Continuous=[number("0", "1")])
    config_ = {"HyperbandStrategyConfig": config}
    record["HyperParameterTuningJobConfig"]["StrategyConfig"] = config_
    return read_search(record)


@pytest.mark.parametrize(
    ("latest", "stopped"), [([0.1], True), ([0.2], False), ([0.9, 0.24], True), ([0.0, 0.3], False)]
)
def test_a_trial_is_stopped_below_the_median_of_the_others_averages(
    latest: list[float], stopped: bool
) -> None:
    """After one epoch the averages are 0.1, 0.2 and 0.3, after two 0.15, 0.25 and 0.35."""
    ended = [[0.1, 0.2, 0.9], [0.2, 0.3, 0.9], [0.3, 0.4, 0.9]]
    assert worse_than_most(latest, ended, maximize=True) == stopped
    flipped = [[-value for value in other] for other in ended]
    assert worse_than_most([-value for value in latest], flipped, maximize=False) == stopped


def test_a_trial_is_not_stopped_by_one_other_nor_where_others_had_ended() -> None:
    assert not worse_than_most([0.0], [[0.5, 0.5]], maximize=True)
    assert not worse_than_most([0.0] * 2, [[0.5, 0.5], [0.6, 0.6]], maximize=True)
