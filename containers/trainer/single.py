"""What is told of a challenger where each image has exactly one label."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagline.scores import reject
from tagline.scores.calibration import Reliability, reliability
from tagline.scores.recall_bootstrap import macro_recall_interval, top_interval
from tagline.scores.single import TOP, Answers, answers, best
from tagline.scores.temperature import scaled
from tagline.scores.thresholds import F1, Thresholds

if TYPE_CHECKING:  # which builds on this module
    from trainer.evaluation import KeptBack

Scores = NDArray[np.float32]
Truth = NDArray[np.uint8]


@dataclass(frozen=True)
class Single:
    """The challenger's answers to the judging images, and how sure their numbers are.

    An interval is the middle 95 % of resampled images. `given` is what the reject option makes of
    them, whose threshold was chosen on others, for `asked` of the answers to be right.
    """

    answers: Answers
    macro_recall: tuple[float, float]
    top1: tuple[float, float]
    top5: tuple[float, float] | None
    given: reject.Given
    asked: float


@dataclass(frozen=True)
class SinglePair:
    """The answers of challenger and champion to the same images."""

    challenger: Answers
    champion: Answers


def judge_single(
    scores: Scores,
    truth: Truth,
    validation: "KeptBack | None",
    by_hand: NDArray[np.float64],
    asked: float,
) -> tuple[Single, Thresholds, F1]:
    """Return what scores (n, L) tell of truth (n, L), the confidences that labels need, their F1.

    `validation` chooses the threshold for all labels; without it each image's is chosen on others.
    `by_hand` (L,) are those of labels that a person set, NaN where none is. F1 is of the best
    label, whatever its confidence.
    """
    chooses = (scores, truth) if validation is None else (validation.scores, validation.truth)
    threshold = reject.choose(*chooses, asked)
    every = np.full(scores.shape[1], threshold)
    thresholds = Thresholds(every, threshold, np.inf).with_given(by_hand)
    if validation is None:
        given = reject.cross_fitted(scores, truth, asked, by_hand)
    else:
        given = reject.given(scores, truth, thresholds.values)
    found = answers(scores, truth)
    single = Single(
        answers=found,
        macro_recall=macro_recall_interval(scores, truth),
        top1=top_interval(scores, truth, 1),
        top5=None if found.top5 is None else top_interval(scores, truth, TOP),
        given=given,
        asked=asked,
    )
    known = found.f1[~np.isnan(found.f1)]
    return single, thresholds, F1(found.f1, float(known.mean()), found.top1)


def given_labels(scores: Scores, thresholds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which label each image is given, (n, L): its best one, or none where it is unsure."""
    there = np.zeros(scores.shape, np.bool_)
    there[np.arange(len(scores)), best(scores)] = True
    there &= scores >= thresholds
    return there


def confidence(scores: Scores, truth: Truth) -> Reliability:
    """Return how far the best label's score tells how often it is right, (BINS,)."""
    right = best(scores) == truth.argmax(axis=1)
    found = reliability(scores.max(axis=1)[:, None], right[:, None].astype(np.uint8))
    return found.together


def before_scaling(scores: Scores, temperature: float) -> Scores:
    """Return the scores that a model's were made of by its temperature."""
    return scaled(scores, 1 / temperature)
