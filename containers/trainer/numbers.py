"""metrics.json: what was found, as files state it."""

import numpy as np
from msgspec.structs import replace

from tagline.formats.kinds import MACRO_RECALL
from tagline.formats.models import (
    ChampionMeans,
    Confusion,
    Difference,
    LabelDrop,
    LabelMetrics,
    Metrics,
    Unsure,
)
from tagline.formats.tasks import Task
from tagline.scores.bootstrap import Gain, ap_intervals
from tagline.scores.stating import DIGITS, number, resampled
from tagline.scores.thresholds import SUPPORT_FLOOR
from trainer.evaluation import Comparison, Evaluation
from trainer.single import Single


def metrics_document(evaluation: Evaluation) -> Metrics:
    """Return metrics.json."""
    challenger, comparison = evaluation.challenger, evaluation.comparison
    found, thresholds, tags = challenger.quality, evaluation.thresholds, evaluation.f1
    chosen = np.full(len(evaluation.labels), np.nan)
    if thresholds.chosen is not None:
        chosen = thresholds.chosen
    images, single = len(evaluation.truth), evaluation.single
    served, sure = evaluation.reliability, evaluation.sureness
    before = evaluation.sureness_before
    gained = comparison.labels if comparison else None
    intervals = ap_intervals(challenger.scores, evaluation.truth)
    metrics = Metrics(
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
        ece=number(float((before or sure).error)),
        calibrated_ece=number(float(sure.error)) if before else None,
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
                recall=number(single.answers.recall[column]) if single else None,
                precision=number(single.answers.precision[column]) if single else None,
            )
            for column, label in enumerate(evaluation.labels)
        ),
        over_frequencies=_difference(evaluation, evaluation.over_frequencies, images),
        champion=_champion(evaluation),
        difference=(
            _difference(evaluation, comparison.gain, comparison.images) if comparison else None
        ),
        left_out=images - comparison.images if comparison else 0,
        drops=_drops(evaluation, comparison) if comparison else (),
        not_compared=evaluation.not_compared,
    )
    return _of_single(metrics, single, evaluation) if single else metrics


def _of_single(metrics: Metrics, single: Single, evaluation: Evaluation) -> Metrics:
    """Return metrics with what is told where each image has one label."""
    found, given = single.answers, single.given
    return replace(
        metrics,
        task=Task.SINGLE,
        primary_metric=MACRO_RECALL,
        macro_recall=number(found.macro_recall),
        macro_recall_low=number(single.macro_recall[0]),
        macro_recall_high=number(single.macro_recall[1]),
        baseline_macro_recall=number(found.baseline),
        top1=number(found.top1),
        top1_low=number(single.top1[0]),
        top1_high=number(single.top1[1]),
        top5=None if found.top5 is None else number(found.top5),
        top5_low=number(single.top5[0]) if single.top5 else None,
        top5_high=number(single.top5[1]) if single.top5 else None,
        cross_entropy=number(found.cross_entropy),
        confusion=Confusion(
            labels=evaluation.labels,
            counts=tuple(tuple(row) for row in found.confusion.tolist()),
        ),
        unsure=Unsure(
            threshold=round(evaluation.thresholds.shared, DIGITS),
            asked=single.asked,
            answered=round(given.answered, DIGITS),
            accuracy=number(given.accuracy),
        ),
    )


def _difference(evaluation: Evaluation, gain: Gain | None, images: int) -> Difference | None:
    if gain is None:
        return None
    value = number(gain.value)
    return Difference(
        mAP=None if evaluation.single else value,
        macro_recall=value if evaluation.single else None,
        images=images,
        **resampled(gain),
    )


def _champion(evaluation: Evaluation) -> ChampionMeans | None:
    champion, comparison = evaluation.champion, evaluation.comparison
    if champion is None or comparison is None:
        return None
    theirs = comparison.single.champion if comparison.single else None
    return ChampionMeans(
        run=champion.candidate.run,
        trained_at=champion.candidate.side,
        judged_at=evaluation.side_length,
        mAP=number(comparison.champion.mean_ap),
        micro_ap=number(comparison.champion.micro_ap),
        baseline_map=number(comparison.champion.baseline_map),
        macro_recall=number(theirs.macro_recall) if theirs else None,
        top1=number(theirs.top1) if theirs else None,
        top5=number(theirs.top5) if theirs and theirs.top5 is not None else None,
        task=champion.candidate.description.task,
    )


def _drops(evaluation: Evaluation, comparison: Comparison) -> tuple[LabelDrop, ...]:
    champion = evaluation.champion
    known = set(champion.candidate.labels) if champion else set()
    before, now = comparison.champion.ap, comparison.challenger.ap
    if comparison.single:
        before, now = comparison.single.champion.recall, comparison.single.challenger.recall
    drops = [
        LabelDrop(label=label, drop=round(float(before[j] - now[j]), DIGITS), support=int(support))
        for j, (label, support) in enumerate(
            zip(evaluation.labels, comparison.challenger.support, strict=True)
        )
        if label in known and support >= SUPPORT_FLOOR and before[j] > now[j]
    ]
    return tuple(sorted(drops, key=lambda drop: -drop.drop))
