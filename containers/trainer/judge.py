"""One model's numbers on the images that judge it, and what they say beside another's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagline.formats.models import FEWEST_IMAGES
from tagline.formats.rows import Side
from tagline.formats.tasks import Task
from tagline.scores import recall_bootstrap
from tagline.scores.bootstrap import Gain, LabelGains, gain_over_frequencies, gains
from tagline.scores.calibration import Reliability, reliability
from tagline.scores.platt import Curves
from tagline.scores.ranking import Quality, quality
from tagline.scores.single import answers
from tagline.scores.soundness import why_unsound
from tagline.scores.thresholds import F1, Thresholds, choose, cross_fitted, f1
from trainer.contract import JobRefused
from trainer.single import Single, SinglePair, before_scaling, confidence, given_labels, judge_single

if TYPE_CHECKING:  # the rules themselves need no MXNet
    from trainer.candidate import Candidate
    from trainer.data import RecordSet


_RANKED_WELL = 0.5  # average precision


@dataclass(frozen=True)
class Judges:
    """The images that choose the thresholds and those that judge; one set where there is no other.

    `unseen` (n,) tells which of the judging images the champion was not trained on, `not_compared`
    why nobody knows; `confidence` is what the gate asks for. `by_hand` has the thresholds that a
    person set, by label. Of single labels `accuracy` is the share of given ones to be right.
    """

    validation: "RecordSet"
    test: "RecordSet | None" = None
    unseen: NDArray[np.bool_] | None = None
    not_compared: str | None = None
    confidence: float = 0.9
    by_hand: Mapping[str, float] = field(default_factory=dict)
    task: Task = Task.MULTI
    accuracy: float = 0.95

    @property
    def records(self) -> "RecordSet":
        """The judging images."""
        return self.test or self.validation

    @property
    def side(self) -> Side:
        """Their side of the split."""
        return Side.TEST if self.test else Side.VALIDATION


@dataclass(frozen=True)
class Evaluated:
    """A candidate, its scores (n, L) on the judging images, and their quality."""

    candidate: "Candidate"
    scores: NDArray[np.float32]
    quality: Quality


@dataclass(frozen=True)
class KeptBack:
    """The challenger's scores (n, L) on a side of the split that it was not trained on."""

    side: Side
    ids: NDArray[np.int64]
    truth: NDArray[np.uint8]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class Comparison:
    """Challenger and champion on the images that neither was trained on, of which there are `n`.

    Gains are in average precision, of single labels in recall, which `single` has of both.
    """

    images: int
    challenger: Quality
    champion: Quality
    gain: Gain | None
    labels: LabelGains | None
    single: SinglePair | None = None


@dataclass(frozen=True)
class Evaluation:
    """Everything the evaluation found; `champion` is None on a first run.

    `single` is there where each image has exactly one label.

    `comparison` is None without a champion, or where `not_compared` tells why. `ids` (n,) are the
    judging images' records; `validation` are those that chose the thresholds, if others did.
    """

    labels: tuple[str, ...]
    side: Side
    ids: NDArray[np.int64]
    truth: NDArray[np.uint8]
    challenger: Evaluated
    champion: Evaluated | None
    validation: KeptBack | None
    thresholds: Thresholds
    f1: F1
    over_frequencies: Gain | None
    comparison: Comparison | None
    not_compared: str | None
    created: str
    side_length: int
    """Pixels of the side of the judging images."""
    single: Single | None = None

    @cached_property
    def tagged(self) -> NDArray[np.bool_]:
        """Which tags the thresholds give the judging images, (n, L)."""
        return self.tags(self.challenger.scores, self.thresholds.values)

    def tags(
        self, scores: NDArray[np.float32], thresholds: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Return which tags thresholds (L,) make of scores (n, L)."""
        if self.single:
            return given_labels(scores, thresholds)
        given: NDArray[np.bool_] = scores >= thresholds
        return given

    @cached_property
    def reliability(self) -> Reliability:
        """How far the challenger's scores, as they are served, may be read as probabilities.

        Of each label's, (L, BINS).
        """
        return reliability(self.challenger.scores, self.truth)

    @cached_property
    def sureness(self) -> Reliability:
        """The same of all labels' together, (BINS,); of single labels of the best one alone."""
        if self.single:
            return confidence(self.challenger.scores, self.truth)
        return self.reliability.together

    @cached_property
    def sureness_before(self) -> Reliability | None:
        """`sureness` of the scores before calibration; None where nothing is calibrated."""
        warmth = self.challenger.candidate.description.temperature
        if self.single and warmth:
            return confidence(before_scaling(self.challenger.scores, warmth), self.truth)
        return self.uncalibrated.together if self.uncalibrated else None

    @cached_property
    def uncalibrated(self) -> Reliability | None:
        """Each label's reliability before calibration curves; None where there are none."""
        found = self.challenger.candidate.description.calibration
        if not found:
            return None
        before = Curves.of(found, self.labels).before(self.challenger.scores)
        return reliability(before, self.truth)

    @property
    def ranked_alone(self) -> list[str]:
        """The labels whose images come first, and of which none is given the tag."""
        if self.single:
            return []
        ap, tags = self.challenger.quality.ap, self.f1.labels
        return [
            label
            for label, ranked, tagged in zip(self.labels, ap, tags, strict=True)
            if ranked >= _RANKED_WELL and tagged == 0
        ]


def judge(
    challenger: "Candidate",
    champion: "Candidate | None",
    judges: Judges,
    labels: tuple[str, ...],
    created: str,
) -> Evaluation:
    """Judge both models on the same images, by the same code.

    Raises JobRefused for a challenger whose scores say nothing.
    """
    records = judges.records
    first = _evaluated(challenger, records, labels)
    if fault := why_unsound(first.scores, records.labels, records.different):
        raise JobRefused(f"{challenger.role}: {fault}; it is not promoted")
    second = _evaluated(champion, records, labels) if champion else None
    validation = _validation(challenger, judges, labels)
    given = np.array([judges.by_hand.get(label, np.nan) for label in labels])
    single = None
    if judges.task is Task.SINGLE:
        single, thresholds, tags = judge_single(
            first.scores, records.labels, validation, given, judges.accuracy
        )
    else:
        thresholds, tags = _tagging(first, validation, records.labels, given)
    over = recall_bootstrap.gain_over_chance if single else gain_over_frequencies
    why = _why_not(judges) if second else None
    return Evaluation(
        labels=labels,
        side=judges.side,
        ids=records.ids,
        truth=records.labels,
        challenger=first,
        champion=second,
        validation=validation,
        thresholds=thresholds,
        f1=tags,
        over_frequencies=over(first.scores, records.labels, confidence=judges.confidence),
        comparison=_compared(first, second, judges) if second and not why else None,
        not_compared=why,
        created=created,
        side_length=challenger.side,
        single=single,
    )


def _evaluated(candidate: "Candidate", records: "RecordSet", labels: tuple[str, ...]) -> Evaluated:
    scores = candidate.scores(records, labels)
    return Evaluated(candidate, scores, quality(scores, records.labels))


def _validation(candidate: "Candidate", judges: Judges, labels: tuple[str, ...]) -> KeptBack | None:
    if judges.test is None:
        return None
    images = judges.validation
    scores = candidate.scores(images, labels)
    return KeptBack(Side.VALIDATION, images.ids, images.labels, scores)


def _tagging(
    judged: Evaluated,
    validation: KeptBack | None,
    truth: NDArray[np.uint8],
    given: NDArray[np.float64],
) -> tuple[Thresholds, F1]:
    """Return thresholds, and the F1 of the tags they give to images they were not chosen on.

    Those `given` (L,) by a person stand; NaN is where none is.
    """
    if validation is None:
        chosen = choose(judged.scores, truth).with_given(given)
        return chosen, cross_fitted(judged.scores, truth, given)
    chosen = choose(validation.scores, validation.truth).with_given(given)
    return chosen, f1(judged.scores >= chosen.values, truth)


def _why_not(judges: Judges) -> str | None:
    if judges.not_compared or judges.unseen is None:
        return judges.not_compared
    left, images = int(judges.unseen.sum()), len(judges.unseen)
    if left == images or left >= FEWEST_IMAGES:
        return None
    return (
        f"only {left:,} of the {images:,} {judges.side} images were not among those that the "
        f"champion was trained on, since the split changed; {FEWEST_IMAGES} are needed. Go back to "
        "that split, or delete the dataset's champion.json to begin anew"
    )


def _compared(first: Evaluated, second: Evaluated, judges: Judges) -> Comparison | None:
    truth = judges.records.labels
    kept = np.ones(len(truth), np.bool_) if judges.unseen is None else judges.unseen
    mine, theirs, truth = first.scores[kept], second.scores[kept], truth[kept]
    single = judges.task is Task.SINGLE
    compare = recall_bootstrap.gains if single else gains
    found = compare(mine, theirs, truth, confidence=judges.confidence)
    return Comparison(
        images=len(truth),
        challenger=quality(mine, truth),
        champion=quality(theirs, truth),
        gain=found[0] if found else None,
        labels=found[1] if found else None,
        single=SinglePair(answers(mine, truth), answers(theirs, truth)) if single else None,
    )
