"""What the evaluation says of two models: each number where it belongs, of the right model."""

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tagline.formats.models import (
    ChampionMeans,
    Curve,
    Difference,
    LabelDrop,
    LabelMetrics,
    Metrics,
)
from tagline.formats.rows import Side
from tagline.formats.tasks import Task
from tagline.scores.bootstrap import Gain, ap_intervals, gain, gain_over_frequencies, gains
from tagline.scores.calibration import reliability
from tagline.scores.platt import Curves
from tagline.scores.ranking import quality
from tagline.scores.stating import number
from tagline.scores.thresholds import choose, cross_fitted, f1
from tests.unit.documents import OTHER, RUN
from trainer.contract import Base, JobRefused
from trainer.evaluation import Evaluation
from trainer.judge import Judges, judge
from trainer.listed import listed
from trainer.numbers import metrics_document
from trainer.report.labels import label_table
from trainer.unseen import unseen

LABELS, CREATED = ("red", "round", "new", "never"), "2026-11-12T01:00:00+00:00"
_CHANCE = np.random.default_rng(6)
TRUTH = (_CHANCE.random((90, 4)) < [0.3, 0.6, 0.2, 0]).astype(np.uint8)
GOOD = (TRUTH * 0.3 + _CHANCE.random(TRUTH.shape) * 0.6).astype(np.float32)
POOR = (TRUTH * [-0.1, 0.1, 0, 0] + 0.2 + _CHANCE.random(TRUTH.shape) * 0.6).astype(np.float32)
POOR[:, 2] = 0
OTHERS = (_CHANCE.random((60, 4)) < [0.3, 0.6, 0.2, 0]).astype(np.uint8)
SCORED = (OTHERS * 0.2 + _CHANCE.random(OTHERS.shape) * 0.6).astype(np.float32)
RECORDS = cast("Any", SimpleNamespace(labels=TRUTH, different=90, ids=np.arange(90)))
VALIDATION = cast("Any", SimpleNamespace(labels=OTHERS, different=60, ids=100 + np.arange(60)))


CALIBRATION = {"red": Curve(slope=2.0, offset=-0.5)}


def model(run: str, scores: np.ndarray, *, calibrated: bool = False) -> Any:
    """A model that knows all labels but, if it is the champion, the new one."""

    def answers(records: object, labels: tuple[str, ...]) -> np.ndarray:
        assert labels == LABELS
        return SCORED if records is VALIDATION else scores

    known = LABELS if run == RUN else ("red", "round", "gone")
    return SimpleNamespace(
        run=run,
        scores=answers,
        labels=known,
        role="input 'challenger'",
        side=32,
        description=SimpleNamespace(
            calibration=CALIBRATION if calibrated else None, task=Task.MULTI
        ),
    )


def judged(
    champion: bool, *, test: bool = True, calibrated: bool = False, **how: Any
) -> Evaluation:
    judges = Judges(VALIDATION, RECORDS, **how) if test else Judges(RECORDS, **how)
    second = model(OTHER, POOR) if champion else None
    return judge(model(RUN, GOOD, calibrated=calibrated), second, judges, LABELS, CREATED)


def stated(found: Gain | None, images: int) -> Difference:
    assert found is not None
    return Difference(
        mAP=number(found.value),
        low=number(found.low),
        high=number(found.high),
        level=0.95,
        rounds=400,
        bound=number(found.bound),
        confidence=found.confidence,
        probability=number(found.probability),
        images=images,
    )


def test_labels_that_are_ranked_and_not_tagged_are_named() -> None:
    found = judged(champion=False)
    assert found.ranked_alone == []
    no_tags = replace(found.f1, labels=np.array([0, 0.4, 0, math.nan]))
    ap = np.array([1.0, 1.0, 0.2, math.nan])
    first = replace(found.challenger, quality=replace(found.challenger.quality, ap=ap))
    assert replace(found, f1=no_tags, challenger=first).ranked_alone == ["red"]


def test_each_number_stands_in_its_place() -> None:
    found, poor, chosen = quality(GOOD, TRUTH), quality(POOR, TRUTH), choose(SCORED, OTHERS)
    tags = f1(GOOD.astype(float) >= chosen.values, TRUTH)
    document = metrics_document(judged(champion=True, confidence=0.8))
    alone, errors = ap_intervals(GOOD, TRUTH), reliability(GOOD, TRUTH)
    compared = gains(GOOD, POOR, TRUTH)
    assert compared is not None
    beside = compared[1]
    expected = Metrics(
        run=RUN,
        created=CREATED,
        images=90,
        judged_on=Side.TEST,
        mAP=number(found.mean_ap),
        micro_ap=number(found.micro_ap),
        baseline_map=number(found.baseline_map),
        macro_f1=number(tags.macro),
        micro_f1=number(tags.micro),
        shared_threshold=number(chosen.shared),
        ece=number(float(errors.together.error)),
        labels=tuple(
            LabelMetrics(
                label=label,
                ap=None if label == "never" else number(found.ap[at]),
                f1=None if label == "never" else number(tags.labels[at]),
                support=int(TRUTH[:, at].sum()),
                threshold=round(float(chosen.values[at]), 6),
                ap_low=number(alone.low[at]),
                ap_high=number(alone.high[at]),
                gain=number(beside.value[at]),
                gain_low=number(beside.low[at]),
                gain_high=number(beside.high[at]),
                ece=number(errors.error[at]),
            )
            for at, label in enumerate(LABELS)
        ),
        over_frequencies=stated(gain_over_frequencies(GOOD, TRUTH, confidence=0.8), 90),
        champion=ChampionMeans(
            trained_at=32,
            judged_at=32,
            run=OTHER,
            mAP=number(poor.mean_ap),
            micro_ap=number(poor.micro_ap),
            baseline_map=number(poor.baseline_map),
        ),
        difference=stated(gain(GOOD, POOR, TRUTH, confidence=0.8), 90),
    )
    assert document == expected


def test_the_errors_before_and_after_calibration_stand_beside_each_other() -> None:
    document = metrics_document(judged(champion=False, calibrated=True))
    before = Curves.of(CALIBRATION, LABELS).before(GOOD)
    assert document.ece == number(float(reliability(before, TRUTH).together.error))
    assert document.calibrated_ece == number(float(reliability(GOOD, TRUTH).together.error))
    assert document.labels[0].ece == number(reliability(GOOD, TRUTH).error[0])
    assert document.labels[0].gain is None


def test_without_test_images_the_validation_images_judge_and_thresholds_are_cross_fitted() -> None:
    document = metrics_document(judged(champion=False, test=False))
    shown, chosen = cross_fitted(GOOD, TRUTH), choose(GOOD, TRUTH)
    assert (document.judged_on, document.images) == (Side.VALIDATION, 90)
    assert (document.macro_f1, document.micro_f1) == (number(shown.macro), number(shown.micro))
    assert [label.f1 for label in document.labels] == [number(value) for value in shown.labels]
    assert [label.threshold for label in document.labels] == pytest.approx(chosen.values, abs=1e-6)


@pytest.mark.parametrize("test", [True, False])
def test_a_threshold_set_by_hand_stands_and_what_was_chosen_is_told(test: bool) -> None:
    free = metrics_document(judged(champion=False, test=test))
    found = judged(champion=False, test=test, by_hand={"round": 0.25})
    document = metrics_document(found)
    assert [row.chosen for row in document.labels] == [None, free.labels[1].threshold, None, None]
    assert document.labels[1].threshold == 0.25
    assert document.labels[1].f1 == number(f1(GOOD >= 0.25, TRUTH).labels[1])
    others = (0, 2, 3)
    assert [document.labels[at] for at in others] == [free.labels[at] for at in others]
    assert found.tagged[:, 1].tolist() == (GOOD[:, 1] >= 0.25).tolist()
    assert "0.250 <small>by hand, chosen" in label_table(found, np.zeros(4))


@pytest.mark.parametrize("kept", [30, 60])
def test_images_that_the_champion_was_trained_on_are_left_out_of_the_comparison(kept: int) -> None:
    document = metrics_document(judged(champion=True, unseen=np.arange(90) < kept))
    assert document.mAP == number(quality(GOOD, TRUTH).mean_ap)
    assert (document.images, document.left_out) == (90, 90 - kept)
    few = GOOD[:kept], POOR[:kept], TRUTH[:kept]
    assert document.difference == stated(gain(*few), kept)
    assert document.champion is not None
    assert document.champion.mAP == number(quality(few[1], few[2]).mean_ap)


@pytest.mark.parametrize("kept", [0, 29])
def test_too_few_others_compare_nothing(kept: int) -> None:
    document = metrics_document(judged(champion=True, unseen=np.arange(90) < kept))
    assert (document.champion, document.difference, document.left_out) == (None, None, 0)
    assert document.not_compared == (
        f"only {kept} of the 90 test images were not among those that the champion was trained on, "
        "since the split changed; 30 are needed. Go back to that split, or delete the dataset's "
        "champion.json to begin anew"
    )
    first = metrics_document(judged(champion=False, unseen=np.arange(90) < kept))
    assert first.not_compared is None


def test_a_small_set_is_compared_where_the_split_stayed() -> None:
    few: Any = SimpleNamespace(labels=TRUTH[:12], different=12, ids=np.arange(12))
    models = [model(run, scores[:12]) for run, scores in ((RUN, GOOD), (OTHER, POOR))]
    judges = Judges(few, unseen=np.ones(12, np.bool_))
    found = metrics_document(judge(models[0], models[1], judges, LABELS, CREATED))
    assert found.difference is not None
    assert (found.difference.images, found.not_compared) == (12, None)


def test_what_is_not_known_is_not_compared() -> None:
    document = metrics_document(judged(champion=True, not_compared="nobody knows"))
    assert (document.difference, document.not_compared) == (None, "nobody knows")


def test_labels_that_fell_are_named_where_both_know_them_and_there_is_support() -> None:
    """The worst first; one that the champion never learned cannot fall."""
    judges = Judges(RECORDS)
    document = metrics_document(
        judge(model(RUN, POOR), model(OTHER, GOOD), judges, LABELS, CREATED)
    )
    before, now = quality(GOOD, TRUTH).ap, quality(POOR, TRUTH).ap
    expected = [
        LabelDrop(label=LABELS[at], drop=round(before[at] - now[at], 6), support=int(support))
        for at, support in enumerate(TRUTH.sum(axis=0))
        if LABELS[at] in {"red", "round"}
    ]
    assert list(document.drops) == sorted(expected, key=lambda drop: -drop.drop)
    assert len(document.drops) == 2
    few = judge(
        model(RUN, POOR), model(OTHER, GOOD),
        Judges(RECORDS, unseen=np.arange(90) < 30), LABELS, CREATED,
    )  # fmt: skip
    enough = TRUTH[:30].sum(axis=0) >= 10
    assert {d.label for d in metrics_document(few).drops} <= set(np.array(LABELS)[enough])


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
    records: Any = SimpleNamespace(labels=TRUTH[:1], different=1, ids=np.arange(1))
    models = [model(run, scores[:1]) for run, scores in ((RUN, GOOD), (OTHER, POOR))]
    evaluation = judge(models[0], models[1], Judges(records), LABELS, CREATED)
    document = metrics_document(evaluation)
    assert document.difference is None
    assert document.champion is not None


def test_a_first_model_stands_beside_nobody() -> None:
    evaluation = judged(champion=False)
    assert (evaluation.champion, evaluation.comparison) == (None, None)
    document = metrics_document(evaluation)
    assert (document.champion, document.difference) == (None, None)
    assert document.mAP == number(quality(GOOD, TRUTH).mean_ap)


@pytest.mark.parametrize(
    ("value", "stated"),
    [(0.12345649, 0.123456), (np.float64(1), 1.0), (0.0, 0.0), (math.nan, None)],
)
def test_a_number_has_six_digits_or_is_null(value: float, stated: float | None) -> None:
    assert number(value) == stated
    assert type(number(value)) is type(stated)


def lists(base: Path, **files: list[dict[str, Any]]) -> Base:
    for name, lines in files.items():
        folder = base / "processing/input" / name.replace("_", "-")
        folder.mkdir(parents=True)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name.rpartition('_')[2]}.jsonl").write_text(text)
    return Base(base)


OURS = [{"image": f"digest {n}", "id": 10 + n, "line": n} for n in range(5)]
IDS = np.array([14, 13, 12, 11, 10], np.uint64)


def test_what_the_champion_was_trained_on_is_known_by_its_image(tmp_path: Path) -> None:
    """Whatever its record's number and line were in the champion's run."""
    sides = ["train", "validation", "test", "train"]
    theirs = [
        {"image": f"digest {n}", "id": 90 - n, "line": 7 * n, "side": side}
        for n, side in enumerate(sides)
    ]
    base = lists(tmp_path, images=OURS, champion_images=theirs, champion_verdicts=[])
    assert unseen(base, IDS, {}).tolist() == [True, False, True, True, False]


def test_an_older_champions_verdicts_tell_its_sides(tmp_path: Path) -> None:
    theirs = [{"image": f"digest {n}", "id": n, "line": 40 + n} for n in range(4)]
    verdicts = [
        {"line": 40, "id": 0, "path": "a", "verdict": "accepted", "split": "train"},
        {"line": 41, "id": 1, "path": "b", "verdict": "accepted", "split": "validation"},
        {"line": 42, "id": 2, "path": "c", "verdict": "rejected", "reason": "empty_object"},
    ]
    base = lists(tmp_path, images=OURS, champion_images=theirs, champion_verdicts=verdicts)
    assert unseen(base, IDS, {}).tolist() == [True, False, False, True, False]


def test_near_copies_of_what_the_champion_was_trained_on_are_left_out(tmp_path: Path) -> None:
    """New files, of other bytes: the pictures tell, where both runs told them."""
    likeness = [f"{7919 * n:039x}" * 4 for n in range(1, 6)]

    def verdicts(sides: list[str], likenesses: list[str]) -> list[dict[str, Any]]:
        return [
            {"line": n, "id": 10 + n, "path": f"{n}", "verdict": "accepted", "split": side}
            | ({"likeness": it} if it else {})
            for n, (side, it) in enumerate(zip(sides, likenesses, strict=True))
        ]

    near = f"{int(likeness[0], 16) ^ 7:0156x}"
    theirs = verdicts(["train", "train", "test"], [*likeness[:2], likeness[3]])
    ours = verdicts(["test"] * 5, [near, likeness[1], likeness[2], likeness[3], ""])
    other = [{"image": f"other {n}", "id": n, "line": n, "side": "train"} for n in range(2)]
    base = lists(
        tmp_path, images=OURS, verdicts=ours, champion_images=other, champion_verdicts=theirs
    )
    rows = listed(base.processing_input("verdicts/verdicts.jsonl"), IDS.tolist())
    assert unseen(base, IDS, rows).tolist() == [True, True, True, False, False]


def test_without_the_champions_images_none_is_left_out(tmp_path: Path) -> None:
    assert unseen(Base(tmp_path), IDS, {}).all()


def test_a_list_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    base = lists(tmp_path, champion_images=[], champion_verdicts=[])
    with pytest.raises(JobRefused, match=r"input 'images' has no file images\.jsonl"):
        unseen(base, IDS, {})
    base = lists(tmp_path / "b", images=[{}], champion_images=[], champion_verdicts=[])
    with pytest.raises(JobRefused, match=r"images\.jsonl, line 1"):
        unseen(base, IDS, {})


def test_a_challenger_whose_scores_say_nothing_is_refused() -> None:
    said = "^input 'challenger': the model is constant: .*; it is not promoted"
    with pytest.raises(JobRefused, match=said):
        judge(model(RUN, np.full_like(GOOD, 0.5)), None, Judges(RECORDS), LABELS, CREATED)
