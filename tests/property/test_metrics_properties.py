from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.scores import bootstrap, ranking

# few distinct values, so that ties are the rule and not the exception
scored = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), st.integers(0, 1)),
    min_size=1,
    max_size=30,
)


def by_definition(pairs: list[tuple[float, int]]) -> Fraction:
    """Sum over thresholds of (R_n - R_(n-1)) P_n, straight from the definition."""
    positives = sum(mark for _, mark in pairs)
    total, recall = Fraction(0), Fraction(0)
    for threshold in sorted({score for score, _ in pairs}, reverse=True):
        above = [mark for score, mark in pairs if score >= threshold]
        now = Fraction(sum(above), positives)
        total += (now - recall) * Fraction(sum(above), len(above))
        recall = now
    return total


def arrays(pairs: list[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


@given(scored.filter(lambda pairs: any(mark for _, mark in pairs)))
def test_average_precision_is_its_definition(pairs: list[tuple[float, int]]) -> None:
    assert ranking.average_precision(*arrays(pairs)) == pytest.approx(float(by_definition(pairs)))


@given(scored, st.randoms())
def test_the_order_of_images_does_not_matter(pairs: list[tuple[float, int]], random) -> None:  # type: ignore[no-untyped-def]
    before = ranking.average_precision(*arrays(pairs))
    random.shuffle(pairs)
    after = ranking.average_precision(*arrays(pairs))
    assert after == before or (np.isnan(after) and np.isnan(before))


@given(scored.filter(lambda pairs: any(mark for _, mark in pairs)))
def test_only_the_ranking_counts(pairs: list[tuple[float, int]]) -> None:
    scores, truth = arrays(pairs)
    stretched = ranking.average_precision(np.exp(3 * scores) - 7, truth)
    assert stretched == pytest.approx(ranking.average_precision(scores, truth))


@given(scored.filter(lambda pairs: any(mark for _, mark in pairs)))
def test_a_constant_score_earns_the_baseline(pairs: list[tuple[float, int]]) -> None:
    _, truth = arrays(pairs)
    constant = ranking.average_precision(np.full(len(truth), 0.3), truth)
    assert constant == pytest.approx(ranking.baseline_map(truth[:, None]))


@given(scored.filter(lambda pairs: any(mark for _, mark in pairs)), st.integers(0, 9))
def test_weighting_images_equals_repeating_them(pairs: list[tuple[float, int]], seed: int) -> None:
    scores, truth = arrays(pairs)
    counts = np.random.default_rng(seed).integers(0, 4, len(pairs))
    repeated = ranking.average_precision(np.repeat(scores, counts), np.repeat(truth, counts))
    weighted = bootstrap._weighted_ap(scores, truth, counts[None].astype(float))[0]
    assert weighted == pytest.approx(0.0 if np.isnan(repeated) else repeated)


@given(st.integers(0, 10_000))
def test_the_interval_holds_its_own_middle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = (rng.random((20, 3)) < 0.4).astype(np.uint8)
    a, b = rng.random(truth.shape), rng.random(truth.shape)
    interval = bootstrap.gain(a, b, truth)
    if truth.any():
        assert interval is not None
        assert -1 <= interval.low <= interval.bound <= interval.high <= 1
    else:
        assert interval is None
