import math

import numpy as np
import pytest

from tagline.scores import ranking


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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("images", [0, 1, 3])
def test_nothing_positive_anywhere_is_not_a_number(images: int) -> None:
    result = ranking.quality(np.zeros((images, 2)), np.zeros((images, 2)))
    assert np.isnan(result.ap).tolist() == [True, True]
    assert result.support.tolist() == [0, 0]
    assert math.isnan(result.mean_ap)
    assert math.isnan(result.micro_ap)
    assert math.isnan(result.baseline_map)


@pytest.mark.filterwarnings("error")
def test_a_ranking_without_a_positive_has_no_recall() -> None:
    found = ranking.rank([0.9, 0.4], [0, 0])
    assert np.isnan(found.recall).tolist() == [True, True]
    assert found.precision.tolist() == [0, 0]
    assert ranking.rank([], []).scores.tolist() == []


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
def test_scores_may_be_numbers_of_any_kind(kind: type) -> None:
    assert ranking.average_precision(np.array([0, 5, 3], kind), [0, 1, 1]) == 1


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


def test_scores_have_a_column_a_label_or_none() -> None:
    with pytest.raises(ranking.InvalidScores, match=r"one shape of 2 dimension"):
        ranking.quality([0.1, 0.2], [0, 1])
    with pytest.raises(ranking.InvalidScores, match=r"one shape of 1 dimension"):
        ranking.rank([[0.1, 0.2]], [[0, 1]])


def test_the_curve_ends_at_full_recall() -> None:
    found = ranking.rank([0.9, 0.4, 0.4, 0.2], [1, 0, 1, 1])
    assert found.scores.tolist() == [0.9, 0.4, 0.2]
    assert found.recall.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert found.precision.tolist() == pytest.approx([1, 2 / 3, 3 / 4])


def plain_average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """The mean, over the positives, of the precision among all that score at least as much."""
    positives = scores[truth == 1]
    precision = [truth[scores >= score].mean() for score in positives]
    return float(np.mean(precision)) if len(positives) else math.nan


def test_all_numbers_are_those_of_their_definitions() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((400, 9)) < [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 0.8, 1]).astype(np.uint8)
    scores = np.round(rng.random(truth.shape) * 0.7 + truth * 0.3, 2)  # two digits: many ties
    result = ranking.quality(scores, truth)
    by_label = [plain_average_precision(scores[:, j], truth[:, j]) for j in range(9)]
    assert result.ap == pytest.approx(np.array(by_label), nan_ok=True)
    assert result.mean_ap == pytest.approx(np.nanmean(by_label))
    assert result.micro_ap == pytest.approx(plain_average_precision(scores.ravel(), truth.ravel()))
    assert result.support.tolist() == [int(truth[:, j].sum()) for j in range(9)]
    assert result.baseline_map == pytest.approx(np.mean([c.mean() for c in truth.T if c.any()]))


def test_many_pairs_are_ranked_together_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    for digits in (1, 2, 7):
        scores = rng.random((60, 7)).round(digits).astype(np.float32)
        truth = (rng.random((60, 7)) < 0.1).astype(np.uint8)
        few = ranking.micro_average_precision(scores, truth)
        with monkeypatch.context() as many:
            many.setattr(ranking, "_MANY_PAIRS", 0)
            assert ranking.micro_average_precision(scores, truth) == pytest.approx(few, abs=1e-12)
            assert np.isnan(ranking.micro_average_precision(scores, np.zeros_like(truth)))
