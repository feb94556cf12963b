"""One model's numbers on the validation set, and what they say beside another's."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagline.scores.bootstrap import Interval, map_difference
from tagline.scores.ranking import Quality, quality
from tagline.scores.thresholds import Thresholds, choose
from trainer.candidate import Candidate
from trainer.data import RecordSet

_DIGITS = 6


@dataclass(frozen=True)
class Judged:
    """A candidate, its scores (n, L) on the validation images, and their quality."""

    candidate: Candidate
    scores: NDArray[np.float32]
    quality: Quality


@dataclass(frozen=True)
class Verdict:
    """Everything the evaluation found; `champion` and `difference` are None on a first run."""

    labels: list[str]
    truth: NDArray[np.uint8]
    challenger: Judged
    champion: Judged | None
    thresholds: Thresholds
    difference: Interval | None
    created: str


def judge(
    challenger: Candidate,
    champion: Candidate | None,
    records: RecordSet,
    labels: list[str],
    created: str,
) -> Verdict:
    """Judge both models on the same images, by the same code."""
    first = _judged(challenger, records, labels)
    second = _judged(champion, records, labels) if champion else None
    return Verdict(
        labels=labels,
        truth=records.labels,
        challenger=first,
        champion=second,
        thresholds=choose(first.scores, records.labels),
        difference=map_difference(first.scores, second.scores, records.labels) if second else None,
        created=created,
    )


def metrics_document(verdict: Verdict) -> dict[str, Any]:
    """Return the content of metrics.json."""
    champion = verdict.champion
    return {
        "run": verdict.challenger.candidate.run,
        "created": verdict.created,
        "images": len(verdict.truth),
        **_means(verdict.challenger.quality),
        "shared_threshold": number(verdict.thresholds.shared),
        "labels": [
            {
                "label": label,
                "ap": number(verdict.challenger.quality.ap[column]),
                "f1": number(verdict.thresholds.f1[column]),
                "support": int(verdict.challenger.quality.support[column]),
                "threshold": number(verdict.thresholds.values[column]),
            }
            for column, label in enumerate(verdict.labels)
        ],
        "champion": (
            {"run": champion.candidate.run, **_means(champion.quality)} if champion else None
        ),
        "difference": _difference(verdict),
    }


def number(value: float) -> float | None:
    """Return a value as files state it: six digits, null for what is not a number."""
    return None if np.isnan(value) else round(float(value), _DIGITS)


def _judged(candidate: Candidate, records: RecordSet, labels: list[str]) -> Judged:
    scores = candidate.scores(records, labels)
    return Judged(candidate, scores, quality(scores, records.labels))


def _difference(verdict: Verdict) -> dict[str, Any] | None:
    champion, interval = verdict.champion, verdict.difference
    if champion is None or interval is None:
        return None
    return {
        "mAP": number(verdict.challenger.quality.mean_ap - champion.quality.mean_ap),
        "low": number(interval.low),
        "high": number(interval.high),
        "level": interval.level,
        "rounds": interval.rounds,
    }


def _means(found: Quality) -> dict[str, float | None]:
    return {
        "mAP": number(found.mean_ap),
        "micro_ap": number(found.micro_ap),
        "baseline_map": number(found.baseline_map),
    }
