"""Which scores come from no model that may serve."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tagline.scores.ranking import quality
from tagline.scores.soundness import why_unsound

IMAGES, LABELS = 200, 5
TRUTH = (np.random.default_rng(0).random((IMAGES, LABELS)) < 0.2).astype(np.uint8)
NOISE = np.random.default_rng(1).normal(size=(IMAGES, LABELS)).astype(np.float32)


def scores(spread: float, signal: float) -> NDArray[np.float32]:
    """Return float32 sigmoids of logits that are this far apart, `signal` of it by the truth."""
    logits = spread * (signal * (2.0 * TRUTH - 1) + NOISE)
    found: NDArray[np.float32] = 1 / (1 + np.exp(-np.clip(logits, -100, 100)))
    return found.astype(np.float32)


@pytest.mark.parametrize("signal", [0, 0.5, 3])
def test_scores_of_every_quality_are_sound(signal: float) -> None:
    assert why_unsound(scores(1, signal), TRUTH, IMAGES) is None


def test_a_model_that_is_certain_and_right_is_sound() -> None:
    found = TRUTH.astype(np.float32)
    found[0] = 0.5
    assert why_unsound(found, TRUTH, 33) is None


def test_a_model_that_is_certain_and_wrong_is_saturated() -> None:
    found = np.where(scores(100, 0.5) < 0.5, 0, 1).astype(np.float32)
    found[np.arange(0, IMAGES, 3)] += NOISE[np.arange(0, IMAGES, 3)] * 1e-3
    told = why_unsound(found, TRUTH, IMAGES)
    assert told is not None
    assert told.startswith("the model is saturated: 66% of its scores are exactly 0 or 1, ")


def test_a_rare_label_does_not_hide_that_all_zeros_are_wrong() -> None:
    truth = np.zeros((1000, 4), np.uint8)
    truth[:3] = 1
    found = np.zeros(truth.shape, np.float32)
    found[:, 0] = np.linspace(0.1, 0.2, 1000)
    assert (why_unsound(found, truth, 1000) or "").startswith("the model is saturated: 75% ")


@pytest.mark.parametrize("value", [0, 0.3, 1])
def test_one_answer_for_all_is_constant_and_as_good_as_frequencies(value: float) -> None:
    found = np.full(TRUTH.shape, value, np.float32)
    told = why_unsound(found, TRUTH, IMAGES)
    assert told == "the model is constant: 200 different images get the same scores"
    reached = quality(found, TRUTH)
    assert reached.mean_ap == pytest.approx(reached.baseline_map)


def test_few_answers_for_many_images_are_constant_too() -> None:
    found = scores(1, 1)[np.arange(IMAGES) % 20]
    assert "get only 20 sets of scores" in (why_unsound(found, TRUTH, IMAGES) or "")
    assert why_unsound(scores(1, 1)[np.arange(IMAGES) % 21], TRUTH, IMAGES) is None


def test_equal_images_are_no_reproach() -> None:
    found = np.full(TRUTH.shape, 0.3, np.float32)
    assert why_unsound(found, TRUTH, 1) is None
    assert why_unsound(found[:2], TRUTH[:2], 2) is not None
