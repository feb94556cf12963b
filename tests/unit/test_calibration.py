"""Curves, calibration and doubts against scikit-learn and cleanlab (golden/make_curves.py)."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.scores.calibration import BINS, Reliability, reliability
from tagline.scores.confident import FEWEST_POSITIVES, LEAST_AP, doubts
from tagline.scores.ranking import InvalidScores, rank

TOLD = json.loads((Path(__file__).parent / "golden/curves.json").read_text())
SCORES = np.array(TOLD["scores"], np.float64)
TRUTH = np.array(TOLD["truth"], np.uint8)
LABELS = range(SCORES.shape[1])
# a score of exactly a half is no tag to cleanlab
HALF, KNOWN = np.full(4, np.nextafter(0.5, 1)), np.ones(4)


@pytest.mark.parametrize("label", [*LABELS, "micro"])
def test_a_curve_is_scikit_learns(label: int | str) -> None:
    if isinstance(label, int):
        found, told = rank(SCORES[:, label], TRUTH[:, label]), TOLD["curves"][label]
    else:
        found, told = rank(SCORES.ravel(), TRUTH.ravel()), TOLD["micro"]
    assert found.average_precision == pytest.approx(told["ap"])
    # scikit-learn may leave out what follows full recall; nothing is gained there
    kept = len(told["scores"])
    np.testing.assert_allclose(found.scores[:kept], told["scores"])
    np.testing.assert_allclose(found.precision[:kept], told["precision"])
    np.testing.assert_allclose(found.recall[:kept], told["recall"])


@pytest.mark.parametrize("label", LABELS)
def test_a_reliability_diagram_is_scikit_learns(label: int) -> None:
    column = slice(label, label + 1)
    check(reliability(SCORES[:, column], TRUTH[:, column]).together, TOLD["reliability"][label])
    assert reliability(SCORES, TRUTH).error[label] == pytest.approx(
        reliability(SCORES[:, column], TRUTH[:, column]).error[0]
    )


def test_all_pairs_together_are_scikit_learns() -> None:
    check(reliability(SCORES, TRUTH).together, TOLD["reliability_together"])


def check(found: Reliability, told: dict[str, list[float]]) -> None:
    there = found.images > 0
    assert np.isnan(found.frequency[~there]).all()
    np.testing.assert_allclose(found.frequency[there], told["frequency"])
    np.testing.assert_allclose(found.mean_score[there], told["mean_score"])
    gaps = np.abs(np.subtract(told["mean_score"], told["frequency"]))
    assert found.error == pytest.approx(np.average(gaps, weights=found.images[there]))


def test_scores_that_are_frequencies_have_no_error() -> None:
    truth = np.array([1, 0, 0, 0, 1, 1, 1, 0], np.uint8)[:, None]
    scores = np.array([0.25] * 4 + [0.75] * 4)[:, None]
    assert reliability(scores, truth).error.tolist() == [0.0]
    assert reliability(1 - scores, truth).error.tolist() == [0.5]
    assert np.isnan(reliability(np.zeros((0, 2)), np.zeros((0, 2), np.uint8)).error).all()


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=40))
def test_every_score_is_in_one_bin_and_the_error_in_0_to_1(pairs: list[tuple[float, bool]]) -> None:
    scores = np.array([[score] for score, _ in pairs], np.float32)
    truth = np.array([[mark] for _, mark in pairs], np.uint8)
    found = reliability(scores, truth)
    assert found.images.shape == (1, BINS)
    assert found.images.sum() == len(pairs)
    assert found.positives.sum() == truth.sum()
    assert 0 <= found.error[0] <= 1 + 1e-9
    assert found.together.error == pytest.approx(found.error[0])


@pytest.mark.parametrize("label", LABELS)
def test_doubts_are_cleanlabs_where_a_half_makes_a_tag(label: int) -> None:
    found = doubts(SCORES, TRUTH, HALF, KNOWN)
    assert sorted(found.images[found.labels == label].tolist()) == TOLD["issues"][label]


def test_the_most_doubtful_come_first() -> None:
    found = doubts(SCORES, TRUTH, HALF, KNOWN)
    assert (np.diff(found.doubt) <= 0).all()
    first = found.images[0], found.labels[0]
    assert found.doubt[0] == abs(TRUTH[first] - SCORES[first])


def test_what_the_tags_agree_with_is_not_doubted() -> None:
    found = doubts(SCORES, TRUTH, np.full(4, 0.9), KNOWN)
    added = TRUTH[found.images, found.labels] == 0
    assert (SCORES[found.images, found.labels][added] >= 0.9).all()
    all_given = doubts(SCORES, TRUTH, np.zeros(4), KNOWN)
    assert not TRUTH[all_given.images, all_given.labels].any()


def test_a_label_that_the_model_does_not_know_is_not_judged() -> None:
    ap = np.array([1, np.nan, LEAST_AP - 0.01, LEAST_AP])
    assert set(doubts(SCORES, TRUTH, HALF, ap).labels.tolist()) == {0, 3}
    rare = TRUTH.copy()
    rare[np.flatnonzero(rare[:, 0])[FEWEST_POSITIVES - 1 :], 0] = 0
    assert 0 not in doubts(SCORES, rare, HALF, KNOWN).labels
    everywhere = np.ones_like(TRUTH)
    assert not len(doubts(SCORES, everywhere, HALF, KNOWN).images)


def test_wrong_labels_come_first_and_most_of_them_are_found() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((2000, 3)) < 0.2).astype(np.uint8)
    logits = truth * 7.0 - 4 + rng.normal(0, 1.5, truth.shape)
    wrong = rng.random(truth.shape) < 0.02
    found = doubts(1 / (1 + np.exp(-logits)), truth ^ wrong, HALF[:3], KNOWN[:3])
    hits = wrong[found.images, found.labels]
    assert hits.sum() > 0.6 * wrong.sum()
    assert hits[: len(hits) // 2].mean() > 0.9


@pytest.mark.parametrize("shape", [(3, 4), (60, 3)])
def test_what_does_not_fit_together_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(InvalidScores):
        doubts(np.zeros(shape), TRUTH, HALF, KNOWN)
    with pytest.raises(InvalidScores):
        reliability(np.zeros(shape), TRUTH)


@pytest.mark.parametrize("score", [-0.1, 1.1, np.nan])
def test_a_score_that_is_no_probability_is_refused(score: float) -> None:
    with pytest.raises(InvalidScores, match=r"not in 0\.\.1"):
        reliability(np.full((2, 1), score), np.zeros((2, 1), np.uint8))
