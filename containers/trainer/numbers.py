"""metrics.json: what was found, as files state it."""

import numpy as np

from tagline.formats.models import ChampionMeans, Difference, LabelDrop, LabelMetrics, Metrics
from tagline.scores.bootstrap import Gain, ap_intervals
from tagline.scores.stating import DIGITS, number, resampled
from tagline.scores.thresholds import SUPPORT_FLOOR
from trainer.judge import Comparison, Evaluation


def metrics_document(evaluation: Evaluation) -> Metrics:
    """Return metrics.json."""
    challenger, comparison = evaluation.challenger, evaluation.comparison
    found, thresholds, tags = challenger.quality, evaluation.thresholds, evaluation.f1
    chosen = np.full(len(evaluation.labels), np.nan)
    if thresholds.chosen is not None:
        chosen = thresholds.chosen
    images = len(evaluation.truth)
    served, before = evaluation.reliability, evaluation.uncalibrated
    gained = comparison.labels if comparison else None
    intervals = ap_intervals(challenger.scores, evaluation.truth)
    return Metrics(
        run=challenger.candidate.run,
        created=evaluation.created,
        images=images,
        judged_on=evaluation.side,
        mAP=number(found.mean_ap),
        micro_ap=number(found.micro_ap),
        baseline_map=number(found.baseline_map),
        macro_f1=number(tags.macro),
        micro_f1=number(tags.micro),
        shared_threshold=number(thresholds.shared),
        ece=number(float((before or served).together.error)),
        calibrated_ece=number(float(served.together.error)) if before else None,
        labels=tuple(
            LabelMetrics(
                label=label,
                ap=number(found.ap[column]),
                f1=number(tags.labels[column]),
                support=int(found.support[column]),
                threshold=round(float(thresholds.values[column]), DIGITS),
                chosen=number(chosen[column]),
                ap_low=number(intervals.low[column]),
                ap_high=number(intervals.high[column]),
                gain=number(gained.value[column]) if gained else None,
                gain_low=number(gained.low[column]) if gained else None,
                gain_high=number(gained.high[column]) if gained else None,
                ece=number(served.error[column]),
            )
            for column, label in enumerate(evaluation.labels)
        ),
        over_frequencies=_difference(evaluation.over_frequencies, images),
        champion=_champion(evaluation),
        difference=_difference(comparison.gain, comparison.images) if comparison else None,
        left_out=images - comparison.images if comparison else 0,
        drops=_drops(evaluation, comparison) if comparison else (),
        not_compared=evaluation.not_compared,
    )


def _difference(gain: Gain | None, images: int) -> Difference | None:
    if gain is None:
        return None
    return Difference(mAP=number(gain.value), images=images, **resampled(gain))


def _champion(evaluation: Evaluation) -> ChampionMeans | None:
    champion, comparison = evaluation.champion, evaluation.comparison
    if champion is None or comparison is None:
        return None
    return ChampionMeans(
        run=champion.candidate.run,
        trained_at=champion.candidate.side,
        judged_at=evaluation.side_length,
        mAP=number(comparison.champion.mean_ap),
        micro_ap=number(comparison.champion.micro_ap),
        baseline_map=number(comparison.champion.baseline_map),
    )


def _drops(evaluation: Evaluation, comparison: Comparison) -> tuple[LabelDrop, ...]:
    champion = evaluation.champion
    known = set(champion.candidate.labels) if champion else set()
    before, now = comparison.champion.ap, comparison.challenger.ap
    drops = [
        LabelDrop(label=label, drop=round(float(before[j] - now[j]), DIGITS), support=int(support))
        for j, (label, support) in enumerate(
            zip(evaluation.labels, comparison.challenger.support, strict=True)
        )
        if label in known and support >= SUPPORT_FLOOR and before[j] > now[j]
    ]
    return tuple(sorted(drops, key=lambda drop: -drop.drop))
