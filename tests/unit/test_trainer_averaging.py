"""The moving average of weights, with a learner whose weights are told."""

from typing import Any

import numpy as np
import pytest

from trainer.averaging import WeightAverage


class Learner:
    """Its weights are the number of steps it has made, and the square of it."""

    def __init__(self) -> None:
        self.made = 0
        self.copies = 0

    def weights(self) -> dict[str, Any]:
        self.copies += 1
        made = np.float32(self.made)
        return {"weight": np.full(3, made), "running_mean": np.full((), made**2)}


def run(average: WeightAverage, learner: Any, steps: int) -> dict[str, Any]:
    for _ in range(steps):
        learner.made += 1
        average.step(learner)
    return average.settle(learner)


def test_without_a_decay_the_weights_are_what_they_are() -> None:
    learner = Learner()
    found = run(WeightAverage(0), learner, 10)
    assert (found["weight"] == 10).all()
    assert learner.copies == 1


@pytest.mark.parametrize("decay", [0.9, 0.99])
def test_the_average_lags_as_an_exponential_one_does(decay: float) -> None:
    """Weights that grow by one a step are behind by decay / (1 - decay) steps in the long run."""
    found = run(WeightAverage(decay), Learner(), 4000)
    lag = 4000 - found["weight"][0]
    assert lag == pytest.approx(decay / (1 - decay), rel=0.2)


def test_early_weights_are_soon_forgotten() -> None:
    """With few steps a long average would be of the beginning: the last tenth or so counts."""
    found = run(WeightAverage(0.9999), Learner(), 200)
    assert 160 < found["weight"][0] < 195


def test_running_statistics_are_averaged_alike() -> None:
    constant = run(WeightAverage(0.9), Learner(), 400)
    assert constant["running_mean"] == pytest.approx(float(constant["weight"][0]) ** 2, rel=0.01)


def test_an_epoch_of_one_step_is_seen() -> None:
    found = run(WeightAverage(0.9), Learner(), 1)
    assert (found["weight"] == 1).all()


def test_weights_are_copied_now_and_then_alone() -> None:
    learner = Learner()
    run(WeightAverage(0.99), learner, 100)
    assert learner.copies <= 26


def test_it_goes_on_exactly_where_an_epoch_ended() -> None:
    whole, learner = WeightAverage(0.97), Learner()
    kept = run(whole, learner, 10)
    wanted = run(whole, learner, 10)
    again, learner = WeightAverage(0.97), Learner()
    learner.made = 10
    again.resume(10, kept)
    found = run(again, learner, 10)
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values)


def test_what_was_handed_out_stays_as_it_was() -> None:
    average, learner = WeightAverage(0.9), Learner()
    kept = run(average, learner, 4)
    before = kept["weight"].copy()
    run(average, learner, 8)
    np.testing.assert_array_equal(kept["weight"], before)
