"""What the evaluation says of two models: each number where it belongs, of the right model."""

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tagline.formats.models import ChampionMeans, LabelMetrics, Metrics
from tagline.scores.bootstrap import Interval, map_difference
from tagline.scores.ranking import quality
from tagline.scores.thresholds import choose
from tests.unit.documents import OTHER, RUN
from trainer.judge import Evaluation, judge, metrics_document, number

LABELS, CREATED = ("red", "round", "never"), "2026-11-12T01:00:00+00:00"
_CHANCE = np.random.default_rng(6)
TRUTH = (_CHANCE.random((90, 3)) < [0.3, 0.6, 0]).astype(np.uint8)
GOOD = (TRUTH * 0.3 + _CHANCE.random(TRUTH.shape) * 0.6).astype(np.float32)
POOR = (TRUTH * 0.1 + _CHANCE.random(TRUTH.shape) * 0.6).astype(np.float32)
RECORDS = SimpleNamespace(labels=TRUTH, different=90)


def model(run: str, scores: np.ndarray) -> Any:
    def answers(records: object, labels: tuple[str, ...]) -> np.ndarray:
        assert (records, labels) == (RECORDS, LABELS)
        return scores

    return SimpleNamespace(run=run, scores=answers)


def judged(champion: bool) -> Evaluation:
    second = model(OTHER, POOR) if champion else None
    return judge(model(RUN, GOOD), second, cast("Any", RECORDS), LABELS, CREATED)


def test_each_number_stands_in_its_place() -> None:
    found, poor, chosen = quality(GOOD, TRUTH), quality(POOR, TRUTH), choose(GOOD, TRUTH)
    document = metrics_document(judged(champion=True))
    difference = document.difference
    assert difference is not None
    interval = map_difference(GOOD, POOR, TRUTH)
    assert interval is not None
    assert Interval(interval.low, interval.high, difference.level, difference.rounds) == interval
    assert (difference.mAP, difference.low, difference.high) == (
        round(found.mean_ap - poor.mean_ap, 6),
        round(interval.low, 6),
        round(interval.high, 6),
    )
    expected = Metrics(
        run=RUN,
        created=CREATED,
        images=90,
        mAP=round(found.mean_ap, 6),
        micro_ap=round(found.micro_ap, 6),
        baseline_map=round(found.baseline_map, 6),
        shared_threshold=round(chosen.shared, 6),
        labels=tuple(
            LabelMetrics(
                label=label,
                ap=None if label == "never" else round(float(found.ap[at]), 6),
                f1=None if label == "never" else round(float(chosen.f1[at]), 6),
                support=int(TRUTH[:, at].sum()),
                threshold=round(float(chosen.values[at]), 6),
            )
            for at, label in enumerate(LABELS)
        ),
        champion=ChampionMeans(
            run=OTHER,
            mAP=round(poor.mean_ap, 6),
            micro_ap=round(poor.micro_ap, 6),
            baseline_map=round(poor.baseline_map, 6),
        ),
        difference=difference,
    )
    assert document == expected


def test_the_pages_that_show_it_have_what_was_judged() -> None:
    evaluation = judged(champion=True)
    assert evaluation.labels == LABELS
    assert evaluation.truth is TRUTH
    assert (evaluation.challenger.scores is GOOD, evaluation.challenger.candidate.run) == (
        True,
        RUN,
    )
    assert evaluation.champion is not None
    assert (evaluation.champion.scores is POOR, evaluation.champion.candidate.run) == (True, OTHER)


def test_where_nothing_can_vary_there_is_no_difference() -> None:
    records: Any = SimpleNamespace(labels=TRUTH[:1], different=1)
    models = [
        SimpleNamespace(run=run, scores=lambda *_, scores=scores: scores[:1])
        for run, scores in ((RUN, GOOD), (OTHER, POOR))
    ]
    evaluation = judge(cast("Any", models[0]), cast("Any", models[1]), records, LABELS, CREATED)
    document = metrics_document(evaluation)
    assert document.difference is None
    assert document.champion is not None


def test_a_first_model_stands_beside_nobody() -> None:
    evaluation = judged(champion=False)
    assert (evaluation.champion, evaluation.difference) == (None, None)
    document = metrics_document(evaluation)
    assert (document.champion, document.difference) == (None, None)
    assert document.mAP == round(quality(GOOD, TRUTH).mean_ap, 6)


@pytest.mark.parametrize(
    ("value", "stated"),
    [(0.12345649, 0.123456), (np.float64(1), 1.0), (0.0, 0.0), (math.nan, None)],
)
def test_a_number_has_six_digits_or_is_null(value: float, stated: float | None) -> None:
    assert number(value) == stated
    assert type(number(value)) is type(stated)
