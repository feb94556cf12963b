"""How sure a gain is: resampling held against plain loops, and what luck may not pass."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tagline.formats.models import FEWEST_IMAGES
from tagline.scores import bootstrap, ranking
from tagline.scores.bootstrap import Gain, gain, gain_over_frequencies, gains


def mean_ap(scores: np.ndarray, truth: np.ndarray) -> float:
    return ranking.mean_average_precision(ranking.label_average_precision(scores, truth))


def plain_differences(
    a: np.ndarray, b: np.ndarray, truth: np.ndarray, rounds: int, seed: int
) -> list[float]:
    """Resample the images round by round, and judge both models on copies of the drawn ones."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(rounds):
        drawn = rng.integers(0, len(truth), len(truth))
        difference = mean_ap(a[drawn], truth[drawn]) - mean_ap(b[drawn], truth[drawn])
        found.append(0.0 if math.isnan(difference) else difference)
    return found


@pytest.mark.parametrize(
    ("asked", "seed", "confidence"),
    [({}, 0, 0.9), ({"seed": 7}, 7, 0.9), ({"confidence": 0.6}, 0, 0.6)],
)
@pytest.mark.parametrize(
    ("work", "block", "rounds"), [(400_000_000, 4_000_000, 400), (9000, 90, 150), (1, 1, 100)]
)
@pytest.mark.parametrize("share", [[0, 0.1, 0.4, 0.8, 1], [0, 0, 0.2, 0, 0]])
def test_a_gain_is_that_of_plain_resampling(
    asked: dict[str, Any], seed: int, confidence: float, work: int, block: int, rounds: int,
    share: list[float], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Over labels from never to always positive, with ties, in as many rounds as work allows."""
    monkeypatch.setattr(bootstrap, "_LARGEST_WORK", work)
    monkeypatch.setattr(bootstrap, "_BLOCK", block)
    rng = np.random.default_rng(1)
    truth = (rng.random((12, 5)) < share).astype(np.uint8)
    a, b = (np.round(rng.random(truth.shape) + truth * more, 1) for more in (0.5, 0.2))
    found = gain(a, b, truth, **asked)
    expected = np.array(plain_differences(a, b, truth, rounds, seed))
    assert found is not None
    assert (found.confidence, found.level, found.rounds) == (confidence, 0.95, rounds)
    assert found.value == pytest.approx(mean_ap(a, truth) - mean_ap(b, truth))
    assert (found.low, found.bound, found.high) == pytest.approx(
        tuple(np.quantile(expected, [0.025, 1 - confidence, 0.975]))
    )
    above = (expected > 1e-12).sum() + (abs(expected) <= 1e-12).sum() / 2
    assert found.probability == pytest.approx((above + 0.5) / (rounds + 1), abs=2 / rounds)


def test_each_labels_gain_is_of_the_same_draws() -> None:
    rng = np.random.default_rng(2)
    truth = (rng.random((12, 4)) < [0, 0.1, 0.4, 1]).astype(np.uint8)
    truth[0, 1] = 1
    a, b = (np.round(rng.random(truth.shape) + truth * more, 1) for more in (0.5, 0.2))
    found = gains(a, b, truth, seed=3)
    assert found is not None
    assert found[0] == gain(a, b, truth, seed=3)
    assert found[1].value == pytest.approx(
        ranking.label_average_precision(a, truth) - ranking.label_average_precision(b, truth),
        nan_ok=True,
    )
    for j in range(4):
        rng = np.random.default_rng(3)
        drawn = [picks for picks in rng.integers(0, 12, (400, 12)) if truth[picks, j].any()]
        column = [
            ranking.average_precision(a[picks, j], truth[picks, j])
            - ranking.average_precision(b[picks, j], truth[picks, j])
            for picks in drawn
        ]
        expected = np.quantile(column, [0.025, 0.975]) if column else [np.nan, np.nan]
        assert [found[1].low[j], found[1].high[j]] == pytest.approx(expected, nan_ok=True)


def labels(rng: np.random.Generator, images: int = 200) -> np.ndarray:
    return (rng.random((images, 5)) < [0.05, 0.1, 0.3, 0.3, 0.5]).astype(np.uint8)


def test_a_clear_gain_is_proven_and_none_is_not() -> None:
    rng = np.random.default_rng(3)
    truth = labels(rng)
    good, noise = truth * 0.5 + rng.random(truth.shape), rng.random(truth.shape)
    clear, same = gain(good, noise, truth), gain(good, good, truth)
    assert clear is not None
    assert same is not None
    assert 0 < clear.low < clear.bound < clear.high
    assert 0.99 < clear.probability < 1
    assert same == Gain(0.0, 0.0, 0.9, 0.5, 0.0, 0.0, 0.95, 400)
    assert clear == gain(good, noise, truth)


def test_a_worse_model_is_as_sure_to_be_worse() -> None:
    rng = np.random.default_rng(3)
    truth = labels(rng)
    good, noise = truth * 0.1 + rng.random(truth.shape), rng.random(truth.shape)
    better, worse = gain(good, noise, truth), gain(noise, good, truth)
    assert better is not None
    assert worse is not None
    assert worse.value == pytest.approx(-better.value)
    assert worse.probability == pytest.approx(1 - better.probability)


def shuffled(scores: np.ndarray, truth: np.ndarray, rounds: int) -> np.ndarray:
    """Hand each image another's scores, round by round."""
    rng = np.random.default_rng(5)
    return np.array([mean_ap(scores[rng.permutation(len(truth))], truth) for _ in range(rounds)])


def test_label_frequencies_are_what_the_scores_reach_in_another_order() -> None:
    rng = np.random.default_rng(4)
    truth = labels(rng, 60)
    scores = np.round(truth * 0.2 + rng.random(truth.shape), 1)
    found, chance = gain_over_frequencies(scores, truth), shuffled(scores, truth, 2000)
    assert found is not None
    assert found.value == pytest.approx(mean_ap(scores, truth) - chance.mean(), abs=0.005)
    assert found.bound == pytest.approx(mean_ap(scores, truth) - np.quantile(chance, 0.9), abs=0.01)
    assert chance.mean() > ranking.baseline_map(truth) + 0.02


def test_dice_pass_for_a_first_model_as_seldom_as_the_confidence_says() -> None:
    """A bootstrap against the prevalence would pass every one of them."""
    passed = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        truth = labels(rng, 40)
        found = gain_over_frequencies(rng.random(truth.shape), truth, seed=seed)
        assert found is not None
        passed.append(found.bound > 0)
    assert np.mean(passed) <= 0.16  # 0.1, and two standard errors


@pytest.mark.parametrize("better", [0.0, 0.25])
def test_an_equal_challenger_is_seldom_proven_better_and_a_better_one_often(better: float) -> None:
    passed = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        truth = labels(rng, 80)
        alike = truth * 0.3 + rng.random(truth.shape)  # what both see of an image
        new, old = (alike + truth * m + 0.3 * rng.random(truth.shape) for m in (better, 0))
        found = gain(new, old, truth, seed=seed)
        assert found is not None
        passed.append(found.bound > 0)
    assert np.mean(passed) >= 0.8 if better else np.mean(passed) <= 0.16


def test_retraining_an_equal_recipe_loses_nothing() -> None:
    """Trainings of one recipe differ by luck; all are judged by one set, against the champion."""
    changes = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        truth = labels(rng, 80)
        alike = truth * 0.3 + rng.random(truth.shape)
        lucks = rng.normal(0, 0.06, 10)
        models = [alike + truth * luck + 0.3 * rng.random(truth.shape) for luck in lucks]
        champion = 0
        for new in range(1, len(models)):
            found = gain(models[new], models[champion], truth, seed=new)
            assert found is not None
            champion = new if found.bound > 0 else champion
        changes.append(lucks[champion] - lucks[0])
    assert np.mean(changes) >= 0


def test_few_images_are_held_against_the_prevalence() -> None:
    rng = np.random.default_rng(4)
    truth = labels(rng, FEWEST_IMAGES)
    scores = truth * 0.5 + rng.random(truth.shape)
    few = gain_over_frequencies(scores[:-1], truth[:-1])
    assert few == gain(scores[:-1], np.zeros((29, 5)), truth[:-1])
    enough = gain_over_frequencies(scores, truth)
    assert enough is not None
    assert few is not None
    assert enough.value < few.value


def test_two_images_have_a_spread() -> None:
    truth = np.array([[1], [0]], np.uint8)
    found = gain(truth * 1.0, 1.0 - truth, truth)
    assert found is not None
    assert (found.low, found.high) == (0, 0.5)


@pytest.mark.parametrize("over", [lambda a, t: gain(a, a, t), gain_over_frequencies])
def test_where_nothing_can_vary_nothing_is_said(over: Callable[..., Gain | None]) -> None:
    one, many = np.ones((1, 2)), np.ones((40, 2))
    assert over(one, one.astype(np.uint8)) is None
    assert over(many, np.zeros((40, 2), np.uint8)) is None


@pytest.mark.parametrize(("challenger", "champion"), [((3, 1), (3, 2)), ((3, 2), (2, 2))])
def test_scores_of_another_shape_are_refused(
    challenger: tuple[int, int], champion: tuple[int, int]
) -> None:
    truth = np.ones((3, 2), np.uint8)
    with pytest.raises(ranking.InvalidScores, match="do not match"):
        gain(np.ones(challenger), np.ones(champion), truth)
    with pytest.raises(ranking.InvalidScores, match="do not match"):
        gain_over_frequencies(np.ones((2, 2)), truth)
