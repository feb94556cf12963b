"""One model's numbers on the images that judge it, and what they say beside another's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagline.formats.models import FEWEST_IMAGES
from tagline.formats.rows import Side
from tagline.formats.tasks import Task
from tagline.scores import recall_bootstrap
from tagline.scores.bootstrap import gain_over_frequencies, gains
from tagline.scores.ranking import quality
from tagline.scores.single import answers
from tagline.scores.soundness import why_unsound
from tagline.scores.thresholds import F1, Thresholds, choose, cross_fitted, f1
from trainer.contract import JobRefused
from trainer.evaluation import Comparison, Evaluated, Evaluation, KeptBack
from trainer.single import SinglePair, judge_single

if TYPE_CHECKING:  # the rules themselves need no MXNet
    from trainer.candidate import Candidate
    from trainer.data import RecordSet


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
    mine, theirs, truth = first.scores, second.scores, judges.records.labels
    kept = judges.unseen
    if kept is not None and not kept.all():
        mine, theirs, truth = mine[kept], theirs[kept], truth[kept]
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
