import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.scores import thresholds
from tagline.scores.ranking import rank

scored = st.lists(
    st.tuples(st.floats(0, 1, width=32), st.integers(0, 1)), min_size=1, max_size=30
).filter(lambda pairs: any(mark for _, mark in pairs))


def f1(scores: np.ndarray, truth: np.ndarray, threshold: float) -> float:
    tagged = scores >= threshold
    hits = int((tagged & (truth == 1)).sum())
    return 2 * hits / (int(tagged.sum()) + int(truth.sum()))


@given(scored)
def test_no_threshold_is_better_by_more_than_a_twentieth(pairs: list[tuple[float, int]]) -> None:
    scores = np.array([p[0] for p in pairs])
    truth = np.array([p[1] for p in pairs])
    chosen = thresholds.good_threshold(rank(scores, truth))
    best = max(f1(scores, truth, s) for s in scores)
    assert best * 0.95 - 1e-12 <= f1(scores, truth, chosen) <= best + 1e-12


@given(scored)
def test_a_threshold_is_a_score_that_can_be_reached(pairs: list[tuple[float, int]]) -> None:
    scores = np.array([p[0] for p in pairs])
    truth = np.array([p[1] for p in pairs])
    assert 0 <= thresholds.good_threshold(rank(scores, truth)) <= scores.max()


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_a_label_lies_between_its_own_and_the_shared_threshold(seed: int, images: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random((images, 4), dtype=np.float32)
    truth = (rng.random((images, 4)) < rng.random(4)).astype(np.uint8)
    fit = thresholds._fit(scores, truth)
    for pull in thresholds.PULLS:
        drawn = fit.at(pull)
        own = np.where(np.isnan(fit.own), fit.shared, fit.own)
        ends = 1 / (1 + np.exp(-np.stack([own, np.full(4, fit.shared)])))
        assert (drawn >= ends.min(axis=0) - 1e-9).all()
        assert (drawn <= ends.max(axis=0) + 1e-9).all()


@given(st.integers(0, 10_000), st.integers(1, 25))
def test_every_label_gets_a_threshold_and_an_order_of_images_changes_nothing_else(
    seed: int, images: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random((images, 4), dtype=np.float32)
    truth = (rng.random((images, 4)) < rng.random(4)).astype(np.uint8)
    chosen = thresholds.choose(scores, truth)
    assert ((chosen.values >= 0) & (chosen.values <= 1)).all()
    again = thresholds.choose(scores, truth)
    assert (again.values == chosen.values).all()
    tags = thresholds.f1(scores >= chosen.values, truth)
    for label in range(4):
        if truth[:, label].any():
            told = f1(scores[:, label], truth[:, label], chosen.values[label])
            assert tags.labels[label] == pytest.approx(told)
