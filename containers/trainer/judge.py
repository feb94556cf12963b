"""One model's numbers on the validation set, and what they say beside another's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagline.formats.models import ChampionMeans, Difference, LabelMetrics, Metrics
from tagline.scores.bootstrap import Interval, map_difference
from tagline.scores.ranking import Quality, quality
from tagline.scores.soundness import why_unsound
from tagline.scores.thresholds import Thresholds, choose
from trainer.contract import JobRefused

if TYPE_CHECKING:  # the rules themselves need no MXNet
    from trainer.candidate import Candidate
    from trainer.data import RecordSet

_DIGITS = 6


@dataclass(frozen=True)
class Evaluated:
    """A candidate, its scores (n, L) on the validation images, and their quality."""

    candidate: "Candidate"
    scores: NDArray[np.float32]
    quality: Quality


@dataclass(frozen=True)
class Evaluation:
    """Everything the evaluation found; `champion` and `difference` are None on a first run."""

    labels: tuple[str, ...]
    truth: NDArray[np.uint8]
    challenger: Evaluated
    champion: Evaluated | None
    thresholds: Thresholds
    difference: Interval | None
    created: str


def judge(
    challenger: "Candidate",
    champion: "Candidate | None",
    records: "RecordSet",
    labels: tuple[str, ...],
    created: str,
) -> Evaluation:
    """Judge both models on the same images, by the same code.

    Raises JobRefused for a challenger whose scores say nothing.
    """
    first = _evaluated(challenger, records, labels)
    if fault := why_unsound(first.scores, records.labels, records.different):
        raise JobRefused(f"{challenger.role}: {fault}; it is not promoted")
    second = _evaluated(champion, records, labels) if champion else None
    return Evaluation(
        labels=labels,
        truth=records.labels,
        challenger=first,
        champion=second,
        thresholds=choose(first.scores, records.labels),
        difference=map_difference(first.scores, second.scores, records.labels) if second else None,
        created=created,
    )


def metrics_document(evaluation: Evaluation) -> Metrics:
    """Return metrics.json."""
    challenger = evaluation.challenger
    found, thresholds = challenger.quality, evaluation.thresholds
    return Metrics(
        run=challenger.candidate.run,
        created=evaluation.created,
        images=len(evaluation.truth),
        mAP=number(found.mean_ap),
        micro_ap=number(found.micro_ap),
        baseline_map=number(found.baseline_map),
        shared_threshold=number(thresholds.shared),
        labels=tuple(
            LabelMetrics(
                label=label,
                ap=number(found.ap[column]),
                f1=number(thresholds.f1[column]),
                support=int(found.support[column]),
                threshold=round(float(thresholds.values[column]), _DIGITS),
            )
            for column, label in enumerate(evaluation.labels)
        ),
        champion=_champion(evaluation.champion),
        difference=_difference(evaluation),
    )


def number(value: float) -> float | None:
    """Return a value as files state it: six digits, null for what is not a number."""
    return None if np.isnan(value) else round(float(value), _DIGITS)


def _evaluated(candidate: "Candidate", records: "RecordSet", labels: tuple[str, ...]) -> Evaluated:
    scores = candidate.scores(records, labels)
    return Evaluated(candidate, scores, quality(scores, records.labels))


def _difference(evaluation: Evaluation) -> Difference | None:
    champion, interval = evaluation.champion, evaluation.difference
    if champion is None or interval is None:
        return None
    return Difference(
        mAP=number(evaluation.challenger.quality.mean_ap - champion.quality.mean_ap),
        low=number(interval.low),
        high=number(interval.high),
        level=interval.level,
        rounds=interval.rounds,
    )


def _champion(champion: Evaluated | None) -> ChampionMeans | None:
    if champion is None:
        return None
    return ChampionMeans(
        run=champion.candidate.run,
        mAP=number(champion.quality.mean_ap),
        micro_ap=number(champion.quality.micro_ap),
        baseline_map=number(champion.quality.baseline_map),
    )
