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
def test_no_threshold_is_better(pairs: list[tuple[float, int]]) -> None:
    scores = np.array([p[0] for p in pairs])
    truth = np.array([p[1] for p in pairs])
    chosen = thresholds.best_threshold(rank(scores, truth))
    best = max(f1(scores, truth, s) for s in scores)
    assert f1(scores, truth, chosen) == pytest.approx(best)


@given(scored)
def test_a_threshold_is_a_score_that_can_be_reached(pairs: list[tuple[float, int]]) -> None:
    scores = np.array([p[0] for p in pairs])
    truth = np.array([p[1] for p in pairs])
    assert 0 <= thresholds.best_threshold(rank(scores, truth)) <= scores.max()


@given(scored, st.floats(0, 1))
def test_the_f1_reported_is_the_f1_given(pairs: list[tuple[float, int]], threshold: float) -> None:
    scores = np.array([p[0] for p in pairs])
    truth = np.array([p[1] for p in pairs])
    reported = thresholds.f1_at(rank(scores, truth), threshold)
    assert reported == pytest.approx(f1(scores, truth, threshold))


@given(st.integers(0, 10_000), st.integers(0, 12))
def test_every_label_gets_a_threshold_whatever_the_floor(seed: int, floor: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random((25, 4), dtype=np.float32)
    truth = (rng.random((25, 4)) < rng.random(4)).astype(np.uint8)
    chosen = thresholds.choose(scores, truth, floor=floor)
    assert ((chosen.values >= 0) & (chosen.values <= 1)).all()
    assert chosen.shared == thresholds.best_threshold(rank(scores.ravel(), truth.ravel()))
    for label, positives in enumerate(truth.sum(axis=0)):
        own = thresholds.best_threshold(rank(scores[:, label], truth[:, label]))
        expected = own if positives and positives >= floor else chosen.shared
        assert chosen.values[label] == expected
