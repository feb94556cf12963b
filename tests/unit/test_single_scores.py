"""Single-label numbers beside scikit-learn's and SciPy's (golden/make_single.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from tagline.formats.models import FEWEST_IMAGES
from tagline.scores import temperature
from tagline.scores.calibration import reliability
from tagline.scores.ranking import InvalidScores
from tagline.scores.recall_bootstrap import (
    gain_over_chance,
    gains,
    macro_recall_interval,
    top_interval,
)
from tagline.scores.reject import NEVER, choose, cross_fitted, given
from tagline.scores.single import answers

TOLD = json.loads((Path(__file__).parent / "golden/single.json").read_text())
SCORES = np.array(TOLD["scores"], np.float32)
TRUTH = np.eye(SCORES.shape[1], dtype=np.uint8)[TOLD["classes"]]


def test_the_numbers_are_scikit_learns() -> None:
    found = answers(SCORES, TRUTH)
    assert found.confusion.tolist() == TOLD["confusion"]
    for name in ("precision", "recall"):
        wanted = [np.nan if value is None else value for value in TOLD[name]]
        np.testing.assert_allclose(getattr(found, name), wanted)
    absent = found.support == 0
    np.testing.assert_allclose(found.f1[~absent], np.array(TOLD["f1"])[~absent])
    assert absent.sum() == 1
    assert np.isnan(found.f1[absent]).all()
    assert found.top5 is not None
    assert (found.macro_recall, found.top1, found.top5) == pytest.approx(
        (TOLD["macro_recall"], TOLD["top1"], TOLD["top5"])
    )
    assert found.cross_entropy == pytest.approx(TOLD["cross_entropy"], abs=1e-5)
    assert found.baseline == pytest.approx(1 / 7)


def test_the_temperature_is_the_likeliest() -> None:
    found = temperature.fit(SCORES, TRUTH)
    assert found == pytest.approx(TOLD["temperature"], rel=1e-4)
    moved = temperature.scaled(SCORES, found)
    before, after = answers(SCORES, TRUTH), answers(moved, TRUTH)
    assert after.cross_entropy < before.cross_entropy
    assert (after.confusion == before.confusion).all()

    def error(scores: np.ndarray) -> float:
        right = scores.argmax(axis=1) == TRUTH.argmax(axis=1)
        pairs = reliability(scores.max(axis=1)[:, None], right[:, None].astype(np.uint8))
        return float(pairs.error[0])

    assert error(moved) < error(SCORES)
    np.testing.assert_allclose(temperature.scaled(moved, 1 / found), SCORES, atol=1e-5)


def test_a_sample_without_a_mistake_makes_no_score_sure() -> None:
    scores = np.full((30, 3), 0.1, np.float32)
    truth = np.eye(3, dtype=np.uint8)[np.arange(30) % 3]
    scores[truth > 0] = 0.8
    moved = temperature.scaled(scores, temperature.fit(scores, truth))
    assert 0.95 < moved.max() < 0.999


def test_scores_that_are_all_alike_have_no_temperature() -> None:
    assert temperature.fit(np.full((4, 2), 0.5), np.eye(2, dtype=np.uint8)[[0, 1, 1, 1]]) == 1


@pytest.mark.parametrize(
    ("scores", "truth", "message"),
    [
        (SCORES, TRUTH[:3], "do not match"),
        (np.where(SCORES[7, 3] == SCORES, np.nan, SCORES), TRUTH, r"score at \[7, 3\]"),
        (SCORES[:2, :2], np.array([[1, 0], [1, 1]]), "image 1 has 2 labels"),
        (SCORES[:2, :2], np.array([[0, 0], [1, 0]]), "image 0 has 0 labels"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    scores: np.ndarray, truth: np.ndarray, message: str
) -> None:
    with pytest.raises(InvalidScores, match=message):
        answers(scores, truth)


def of_confidences(*pairs: tuple[float, bool]) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of two labels, and truth, of images with these confidences, right or not."""
    scores = np.array([[confidence, 1 - confidence] for confidence, _ in pairs])
    return scores, np.array([[1, 0] if right else [0, 1] for _, right in pairs], np.uint8)


def test_the_threshold_is_the_lowest_that_is_right_often_enough() -> None:
    found = of_confidences((0.9, True), (0.8, False), (0.75, True), (0.7, True), (0.6, False))
    assert choose(*found, accuracy=0.75) == pytest.approx(0.65)  # 3 of 4, past 1 of 2
    assert choose(*found, accuracy=0.8) == pytest.approx(0.85)
    assert choose(*found, accuracy=0.6) == pytest.approx(0.6, abs=1e-4)  # lower ones are unknown
    assert choose(*found, accuracy=0.6) <= 0.6
    assert choose(*found, accuracy=0) == 0
    assert choose(*of_confidences((0.9, False), (0.8, True)), accuracy=0.6) == NEVER
    told = given(*found, np.full(2, choose(*found, accuracy=0.75)))
    assert (told.answered, told.accuracy) == (0.8, 0.75)


def test_images_of_one_confidence_are_answered_together() -> None:
    found = of_confidences((0.9, True), (0.8, True), (0.8, False), (0.6, True))
    assert choose(*found, accuracy=0.8) == pytest.approx(0.85)


def test_a_threshold_by_hand_is_of_its_label_alone() -> None:
    scores = np.array([[0.7, 0.3], [0.3, 0.7], [0.4, 0.6]])
    truth = np.array([[1, 0], [0, 1], [1, 0]], np.uint8)
    told = given(scores, truth, np.array([0.8, 0.65]))
    assert (told.answered, told.accuracy) == pytest.approx((1 / 3, 1))
    nobody = given(scores, truth, np.ones(2))
    assert nobody.answered == 0
    assert np.isnan(nobody.accuracy)


def test_a_threshold_that_is_chosen_on_others_keeps_nearly_its_word() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 2000)
    scores = np.stack([confidence, 1 - confidence], axis=1)
    truth = np.eye(2, dtype=np.uint8)[(rng.random(2000) > confidence).astype(int)]
    found = cross_fitted(scores, truth, 0.9, np.array([np.nan, np.nan]))
    assert found.accuracy == pytest.approx(0.9, abs=0.03)
    assert 0.3 < found.answered < 0.6
    by_hand = cross_fitted(scores, truth, 0.9, np.array([0.0, np.nan]))
    assert by_hand.answered == 1


def test_a_gain_in_macro_recall_is_that_of_plain_resampling() -> None:
    rng = np.random.default_rng(4)
    other = SCORES + rng.normal(0, 0.2, SCORES.shape)
    found = gains(SCORES, other, TRUTH)
    assert found is not None
    draws, expected = np.random.default_rng(0), []
    for _ in range(found[0].rounds):
        drawn = draws.integers(0, len(TRUTH), len(TRUTH))
        both = [answers(scores[drawn], TRUTH[drawn]).macro_recall for scores in (SCORES, other)]
        expected.append(both[0] - both[1])
    wanted = answers(SCORES, TRUTH).macro_recall - answers(other, TRUTH).macro_recall
    assert found[0].value == pytest.approx(wanted)
    assert (found[0].low, found[0].bound, found[0].high) == pytest.approx(
        tuple(np.quantile(expected, [0.025, 0.1, 0.975]))
    )
    np.testing.assert_allclose(
        found[1].value, answers(SCORES, TRUTH).recall - answers(other, TRUTH).recall
    )


def test_the_intervals_hold_their_values() -> None:
    found = answers(SCORES, TRUTH)
    low, high = macro_recall_interval(SCORES, TRUTH)
    assert low < found.macro_recall < high < low + 0.3
    low, high = top_interval(SCORES, TRUTH, 1)
    assert low < found.top1 < high < low + 0.25


@pytest.mark.parametrize("images", [FEWEST_IMAGES - 1, FEWEST_IMAGES, 300])
def test_dice_are_no_gain_over_chance(images: int) -> None:
    proven, rng = 0, np.random.default_rng(1)
    for _ in range(40):
        scores = rng.random((images, 3))
        found = gain_over_chance(scores, np.eye(3, dtype=np.uint8)[rng.integers(0, 3, images)])
        proven += found is not None and found.probability > 0.9
    assert proven <= 12


def test_what_is_learned_is_a_gain_over_chance() -> None:
    found = gain_over_chance(SCORES, TRUTH)
    assert found is not None
    assert found.probability > 0.99
    assert found.value == pytest.approx(answers(SCORES, TRUTH).macro_recall - 1 / 7, abs=0.03)
    assert gain_over_chance(SCORES[:1], TRUTH[:1]) is None
    assert gains(SCORES[:1], SCORES[:1], TRUTH[:1]) is None
