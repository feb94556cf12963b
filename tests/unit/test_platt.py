"""Calibration curves beside scikit-learn's (golden/make_platt.py), and what they leave alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagline.scores.calibration import reliability
from tagline.scores.platt import FEWEST, HIGHEST, Curves, fit
from tagline.scores.ranking import InvalidScores, quality

TOLD = json.loads((Path(__file__).parent / "golden/platt.json").read_text())
SCORES = np.array(TOLD["scores"], np.float32).T
TRUTH = np.array(TOLD["truth"], np.uint8).T


def test_calibrated_scores_are_scikit_learns() -> None:
    found = fit(SCORES, TRUTH)
    assert found.fitted.all()
    # its optimiser stops where the gradient is below 1e-5 or so
    np.testing.assert_allclose(found.calibrated(SCORES).T, TOLD["calibrated"], atol=2e-4)


def test_the_error_falls_and_no_order_changes() -> None:
    moved = fit(SCORES, TRUTH).calibrated(SCORES)
    before, after = reliability(SCORES, TRUTH).error, reliability(moved, TRUTH).error
    assert (after[:3] < before[:3]).all()
    np.testing.assert_allclose(quality(moved, TRUTH).ap, quality(SCORES, TRUTH).ap, atol=1e-9)


def test_what_was_before_can_be_told() -> None:
    curves = fit(SCORES, TRUTH)
    moved = curves.calibrated(SCORES)
    told = moved < 1 - 1e-4  # nearer to 1 lie no more float32s than there are ties
    np.testing.assert_allclose(curves.before(moved)[told], SCORES[told], atol=1e-3)


def labelled(positives: int, negatives: int) -> tuple[np.ndarray, np.ndarray]:
    truth = np.array([[1]] * positives + [[0]] * negatives, np.uint8)
    noise = np.random.default_rng(0).random(truth.shape) * 0.6
    return (truth * 0.3 + noise).astype(np.float32), truth


@pytest.mark.parametrize(
    ("positives", "negatives", "there"),
    [
        (FEWEST, FEWEST, True),
        (FEWEST - 1, 50, False),
        (50, FEWEST - 1, False),
        (0, 50, False),
        (50, 0, False),
    ],
)
def test_a_label_with_few_images_is_left_alone(positives: int, negatives: int, there: bool) -> None:
    scores, truth = labelled(positives, negatives)
    curves = fit(scores, truth)
    assert curves.fitted.tolist() == [there]
    if not there:
        assert (curves.calibrated(scores) == scores).all()
        assert (curves.before(scores) == scores).all()


def test_scores_that_fall_or_tell_nothing_are_left_alone() -> None:
    scores, truth = labelled(40, 40)
    assert not fit(1 - scores, truth).fitted.any()
    assert not fit(np.full_like(scores, 0.3), truth).fitted.any()
    assert not fit(np.ones_like(scores), truth).fitted.any()


def test_curves_are_known_by_their_labels() -> None:
    curves = Curves(np.array([2.0, np.nan]), np.array([-1.0, np.nan]))
    named = curves.named(["red", "blue"])
    assert list(named) == ["red"]
    there = Curves.of(named, ["green", "red"])
    assert there.fitted.tolist() == [False, True]
    assert (there.slope[1], there.offset[1]) == (2.0, -1.0)


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(InvalidScores):
        fit(SCORES, TRUTH[:, :2])


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 20), st.floats(-20, 20))
def test_any_scores_stay_probabilities_in_their_order(seed: int, slope: float, off: float) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, 60)
    truth = (rng.random(60) < 1 / (1 + np.exp(-logits))).astype(np.uint8)[:, None]
    scores = (1 / (1 + np.exp(-(slope * logits + off)))).astype(np.float32)[:, None]
    moved = fit(scores, truth).calibrated(scores)
    assert ((moved >= 0) & (moved <= 1)).all()
    order = np.argsort(scores[:, 0], kind="stable")
    assert (np.diff(moved[order, 0]) >= 0).all()


def test_scores_at_the_ends_move_by_finite_steps() -> None:
    ends = np.array([[0.0], [HIGHEST], [1.0]], np.float32)
    moved = Curves(np.array([0.5]), np.array([0.1])).calibrated(ends)
    assert np.isfinite(moved).all()
    assert (moved[0] < 1e-9) & (moved[1] > 0.99)
