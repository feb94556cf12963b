import math

import numpy as np
import pytest

from tagline.scores import thresholds
from tagline.scores.ranking import InvalidScores, rank


def test_the_best_f1_lies_between_the_scores_it_separates() -> None:
    assert thresholds.best_threshold(rank([0.9, 0.7, 0.3], [1, 1, 0])) == pytest.approx(0.5)


def test_all_positive_tags_everything() -> None:
    assert thresholds.best_threshold(rank([0.6, 0.4], [1, 1])) == pytest.approx(0.2)


def test_of_equal_f1_the_higher_threshold_wins() -> None:
    # tagging one gives F1 2/3 and tagging all four gives 2*2/(4+2) = 2/3 as well
    ranking = rank([0.9, 0.6, 0.5, 0.4], [1, 0, 0, 1])
    assert thresholds.best_threshold(ranking) == pytest.approx(0.75)


@pytest.mark.parametrize("upper", [0.5, float(np.nextafter(0.5, 1))])
def test_scores_that_touch_stay_apart(upper: float) -> None:
    """Their mean is rounded to the one or the other."""
    lower = float(np.nextafter(upper, 0))
    threshold = thresholds.best_threshold(rank([upper, lower], [1, 0]))
    assert lower < threshold <= upper


def test_a_rare_label_takes_the_shared_threshold() -> None:
    scores = np.column_stack([np.linspace(0, 1, 40), np.linspace(1, 0, 40)])
    truth = np.zeros((40, 2), np.uint8)
    truth[20:, 0] = 1
    truth[:3, 1] = 1
    chosen = thresholds.choose(scores, truth, floor=5)
    assert chosen.values[0] == pytest.approx(0.5, abs=0.02)
    assert chosen.values[1] == chosen.shared
    assert chosen.f1[0] == 1.0


@pytest.mark.parametrize(("positives", "own"), [(9, False), (10, True), (11, True)])
def test_ten_positives_make_a_threshold_of_its_own(positives: int, own: bool) -> None:
    """Three labels that are told apart at 0.5, at 0.34 and, the one in question, at 0.9."""
    truth = np.zeros((60, 3), np.uint8)
    truth[:30, 0] = truth[:20, 1] = truth[:positives, 2] = 1
    scores = np.where(truth, [0.6, 0.58, 0.95], [0.4, 0.1, 0.85])
    chosen = thresholds.choose(scores, truth)
    assert chosen.shared == pytest.approx(0.49)
    assert chosen.values == pytest.approx([0.5, 0.34, 0.9 if own else 0.49])
    assert chosen.f1 == pytest.approx([1, 1, 1 if own else 2 * positives / (60 + positives)])


def test_a_label_never_positive_has_no_f1() -> None:
    chosen = thresholds.choose(np.full((4, 2), 0.3), np.array([[1, 0]] * 4))
    assert math.isnan(chosen.f1[1])
    assert chosen.values[1] == chosen.shared


def test_nothing_positive_leaves_one_half() -> None:
    chosen = thresholds.choose(np.full((4, 2), 0.3), np.zeros((4, 2)))
    assert chosen.values.tolist() == [0.5, 0.5]
    assert np.isnan(chosen.f1).all()


def test_a_threshold_above_every_score_tags_nothing() -> None:
    ranking = rank([0.6, 0.4], [1, 0])
    assert [thresholds.f1_at(ranking, at) for at in (0.7, 0.6, 0.0)] == [0, 1, 2 / 3]
    assert math.isnan(thresholds.f1_at(rank([0.6], [0]), 0.5))


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InvalidScores):
        thresholds.choose(np.array([[np.nan]]), np.array([[1]]))
