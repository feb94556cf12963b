import math
import time

import numpy as np
import pytest

from tagline.scores import bootstrap, ranking


def test_a_perfect_ranking_scores_one() -> None:
    assert ranking.average_precision([0.9, 0.8, 0.1], [1, 1, 0]) == 1.0


def test_the_published_example_of_average_precision() -> None:
    # recall steps of 1/2 at precision 1 and 2/3
    ap = ranking.average_precision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    assert ap == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_equal_scores_count_together_whatever_their_order() -> None:
    forward = ranking.average_precision([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0])
    backward = ranking.average_precision([0.5, 0.5, 0.5, 0.5], [0, 0, 0, 1])
    assert forward == backward == 0.25


def test_a_label_without_a_positive_has_no_average_precision() -> None:
    result = ranking.quality([[0.9, 0.2], [0.1, 0.3]], [[1, 0], [0, 0]])
    assert math.isnan(result.ap[1])
    assert result.mean_ap == 1.0
    assert result.support.tolist() == [1, 0]
    assert result.baseline_map == 0.5


def test_nothing_positive_anywhere_is_not_a_number() -> None:
    result = ranking.quality(np.zeros((3, 2)), np.zeros((3, 2)))
    assert math.isnan(result.mean_ap)
    assert math.isnan(result.micro_ap)
    assert math.isnan(result.baseline_map)


def test_micro_ranks_all_pairs_together() -> None:
    scores = np.array([[0.9, 0.4], [0.8, 0.1]])
    truth = np.array([[1, 1], [0, 0]])
    assert ranking.micro_average_precision(scores, truth) == pytest.approx(0.5 * (1 + 2 / 3))


@pytest.mark.parametrize(
    ("scores", "truth", "message"),
    [
        ([0.1, float("nan")], [0, 1], r"score at \[1\] is not a finite number"),
        ([0.1, 0.2], [0, 2], "only 0 and 1"),
        ([0.1, 0.2], [0], "must have one shape"),
    ],
)
def test_unusable_input_is_named(scores: list[float], truth: list[int], message: str) -> None:
    with pytest.raises(ranking.InvalidScores, match=message):
        ranking.average_precision(scores, truth)


def test_the_curve_ends_at_full_recall() -> None:
    found = ranking.rank([0.9, 0.4, 0.4, 0.2], [1, 0, 1, 1])
    assert found.scores.tolist() == [0.9, 0.4, 0.2]
    assert found.recall.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert found.precision.tolist() == pytest.approx([1, 2 / 3, 3 / 4])


def test_the_large_reference_set_takes_seconds() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((40_000, 334), dtype=np.float32)
    truth = (rng.random((40_000, 334), dtype=np.float32) < 0.02).astype(np.uint8)
    started = time.process_time()
    result = ranking.quality(scores, truth)
    assert result.mean_ap == pytest.approx(0.02, abs=0.005)
    assert time.process_time() - started < 30


def test_the_bootstrap_sees_a_clear_difference_and_none() -> None:
    rng = np.random.default_rng(3)
    truth = (rng.random((200, 5)) < 0.3).astype(np.uint8)
    good = truth * 0.5 + rng.random(truth.shape)
    noise = rng.random(truth.shape)
    clear = bootstrap.map_difference(good, noise, truth)
    same = bootstrap.map_difference(good, good, truth)
    assert clear is not None
    assert same is not None
    assert 0 < clear.low < clear.high
    assert (same.low, same.high) == (0, 0)
    assert clear == bootstrap.map_difference(good, noise, truth)


def test_the_bootstrap_declines_where_nothing_can_vary() -> None:
    one = np.ones((1, 2))
    assert bootstrap.map_difference(one, one, one.astype(np.uint8)) is None
    two = np.ones((2, 2))
    assert bootstrap.map_difference(two, two, np.zeros((2, 2), np.uint8)) is None


def test_the_bootstrap_refuses_scores_of_another_shape() -> None:
    truth = np.ones((3, 2), np.uint8)
    with pytest.raises(ranking.InvalidScores, match="do not match"):
        bootstrap.map_difference(np.ones((3, 1)), np.ones((3, 2)), truth)
