import math

import numpy as np
import pytest

from tagline.scores import thresholds
from tagline.scores.ranking import InvalidScores, rank
from tagline.scores.thresholds import UNKNOWN, choose, cross_fitted, f1, good_threshold


def test_a_threshold_lies_between_the_scores_it_separates() -> None:
    assert good_threshold(rank([0.9, 0.7, 0.3], [1, 1, 0])) == pytest.approx(0.5)


def test_all_positive_tags_everything() -> None:
    assert good_threshold(rank([0.6, 0.4], [1, 1])) == pytest.approx(0.2)


def test_of_equal_f1_the_higher_threshold_wins() -> None:
    # tagging one gives F1 2/3 and tagging all four gives 2*2/(4+2) = 2/3 as well; between, less
    ranking = rank([0.9, 0.6, 0.5, 0.4], [1, 0, 0, 1])
    assert good_threshold(ranking) == pytest.approx(0.75)


def test_it_is_the_middle_of_all_that_are_nearly_as_good() -> None:
    """One more true tag of forty makes the F1 of 0.5 the best; 0.6 is nearly as good."""
    scores = [0.9] * 40 + [0.55, 0.45] + [0.1] * 40
    truth = [1] * 40 + [1, 0] + [0] * 40
    assert good_threshold(rank(scores, truth)) == pytest.approx((0.9 + 0.1) / 2)


@pytest.mark.parametrize("upper", [0.5, float(np.nextafter(0.5, 1))])
def test_scores_that_touch_stay_apart(upper: float) -> None:
    """Their mean is rounded to the one or the other."""
    lower = float(np.nextafter(upper, 0))
    threshold = good_threshold(rank([upper, lower], [1, 0]))
    assert lower < threshold <= upper


def two_kinds(positives: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten labels told apart at 0.5, and one of so many positives, at 0.9."""
    truth = np.zeros((600, 11), np.uint8)
    truth[:, :10] = np.arange(600)[:, None] % 3 == 0
    truth[:positives, 10] = 1
    low, high = [0.4] * 10 + [0.85], [0.6] * 10 + [0.95]
    return np.where(truth, high, low), truth


def test_a_label_of_its_own_kind_moves_away_as_its_support_grows() -> None:
    apart = [choose(*two_kinds(n)).values[10] for n in (2, 20, 200)]
    assert 0.49 < apart[0] <= apart[1] < apart[2] < 0.9
    assert apart[2] > 0.85


def test_labels_that_are_all_alike_take_the_shared_threshold() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat(rng.random((80, 1)) < 0.2, 5, axis=1).astype(np.uint8)
    scores = np.repeat(rng.random((80, 1)), 5, axis=1) / 2 + truth / 3
    chosen = choose(scores, truth)
    assert chosen.pull == thresholds.USUAL_PULL
    assert chosen.values == pytest.approx(np.full(5, chosen.shared))


def test_a_label_never_positive_takes_the_shared_threshold_and_has_no_f1() -> None:
    scores, truth = two_kinds(0)
    chosen = choose(scores, truth)
    assert chosen.values[10] == chosen.shared
    assert math.isnan(f1(scores >= chosen.values, truth).labels[10])


@pytest.mark.parametrize("images", [1, 2, 40])
def test_nothing_positive_leaves_one_half(images: int) -> None:
    scores, truth = np.full((images, 2), 0.3), np.zeros((images, 2), np.uint8)
    assert choose(scores, truth).values.tolist() == [UNKNOWN, UNKNOWN]
    assert np.isnan([*cross_fitted(scores, truth).labels, f1(scores > 1, truth).micro]).all()


def test_one_image_is_all_there_is() -> None:
    scores, truth = np.array([[0.8, 0.2]]), np.array([[1, 0]], np.uint8)
    assert ((choose(scores, truth).values > 0) & (choose(scores, truth).values < 0.8)).all()
    assert cross_fitted(scores, truth).micro > 0


def test_the_f1_of_tags_is_that_of_counting_them() -> None:
    rng = np.random.default_rng(1)
    truth, tags = rng.random((50, 6)) < 0.2, rng.random((50, 6)) < 0.3
    counted = []
    for given, true in [*zip(tags.T, truth.T, strict=True), (tags.ravel(), truth.ravel())]:
        hits = len(set(np.flatnonzero(given)) & set(np.flatnonzero(true)))
        precision, recall = hits / given.sum(), hits / true.sum()
        counted.append(2 / (1 / precision + 1 / recall) if hits else 0.0)
    found = f1(tags, truth)
    assert found.labels == pytest.approx(counted[:-1])
    assert (found.macro, found.micro) == pytest.approx((np.mean(counted[:-1]), counted[-1]))


def test_what_is_shown_is_no_better_than_other_images_show() -> None:
    """Of scores without meaning the best thresholds of a sample look good on it, and only there."""
    gaps, shown = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        truth = (rng.random((2, 60, 12)) < 0.1).astype(np.uint8)
        scores = 1 / (1 + np.exp(-rng.normal(0, 1, truth.shape) - 0.8 * truth))
        chosen = choose(scores[0], truth[0]).values
        fresh = f1(scores[1] >= chosen, truth[1]).macro
        gaps.append(f1(scores[0] >= chosen, truth[0]).macro - fresh)
        shown.append(cross_fitted(scores[0], truth[0]).macro - fresh)
    assert abs(np.mean(shown)) < 0.03
    assert np.mean(shown) < np.mean(gaps)


@pytest.mark.parametrize(("gained", "pull"), [(0.01, thresholds.USUAL_PULL), (0.03, 10.0)])
def test_another_pull_is_taken_where_it_does_clearly_better(
    gained: float, pull: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reached(*given: object) -> float:
        return 1.0 + (gained if given[-1] == 10.0 else 0.0)

    monkeypatch.setattr(thresholds, "_kept_out", reached)
    scores, truth = two_kinds(40)
    assert choose(scores, truth).pull == pull


def test_the_support_weighs_as_the_pull_says() -> None:
    fit = thresholds._Fit(np.array([2.0, 2.0, np.nan]), 0.0, np.array([20, 80, 0]))
    at = [1 / (1 + math.exp(-logit)) for logit in (1.0, 1.6, 0.0)]
    assert fit.at(20.0) == pytest.approx(at)
    assert fit.at(np.inf) == pytest.approx([0.5] * 3)


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InvalidScores):
        choose(np.array([[np.nan]]), np.array([[1]]))
