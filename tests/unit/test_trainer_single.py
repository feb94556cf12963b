"""What is told of a model of single labels, and what goes by it."""

import numpy as np
import pytest

from tagline.formats.models import Metrics
from tagline.formats.rows import Side
from tagline.formats.settings import Promotion
from tagline.formats.tasks import Task
from tagline.scores.confident_single import doubts_of_single
from tagline.scores.ranking import InvalidScores, label_average_precision
from tagline.scores.reject import NEVER
from tagline.scores.single import answers
from tagline.scores.stating import DIGITS
from tagline.serving.promotion import decide
from tests.unit.documents import OTHER
from tests.unit.report_world import LABELS, rows_of, single_evaluation
from tests.unit.run_documents import packed_dataset
from trainer.audit import suspects
from trainer.card import card_document
from trainer.contract import JobRefused
from trainer.evaluation import Evaluation
from trainer.hyperparameters import parse
from trainer.numbers import metrics_document
from trainer.reached import better, reached, said
from trainer.reference import reference_document


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return single_evaluation()


@pytest.fixture(scope="module")
def told(found: Evaluation) -> Metrics:
    return metrics_document(found)


def test_each_number_stands_in_its_place(found: Evaluation, told: Metrics) -> None:
    wanted = answers(found.challenger.scores, found.truth)
    assert (told.task, told.primary_metric) == (Task.SINGLE, "macro_recall")
    assert told.value == told.macro_recall == pytest.approx(wanted.macro_recall, abs=1e-6)
    assert told.baseline == told.baseline_macro_recall == 0.2  # one of six is never there
    low, high = told.macro_recall_low, told.macro_recall_high
    assert low is not None
    assert high is not None
    assert low < wanted.macro_recall < high
    assert told.top1 == pytest.approx(np.trace(wanted.confusion) / 120, abs=1e-6)
    assert told.top5 == pytest.approx(wanted.top5, abs=1e-6)
    assert told.cross_entropy == pytest.approx(wanted.cross_entropy, abs=1e-6)
    assert told.confusion is not None
    assert told.confusion.labels == LABELS
    assert np.array(told.confusion.counts).tolist() == wanted.confusion.tolist()
    by_name = {row.label: row for row in told.labels}
    assert by_name["never"].recall is None
    assert by_name["red"].recall == pytest.approx(wanted.recall[0], abs=1e-6)
    assert by_name["red"].precision == pytest.approx(wanted.precision[0], abs=1e-6)
    assert by_name["red"].f1 == pytest.approx(wanted.f1[0], abs=1e-6)


def test_the_threshold_is_chosen_on_validation_and_measured_on_the_test(
    found: Evaluation, told: Metrics
) -> None:
    assert found.validation is not None
    unsure, confidence = told.unsure, found.challenger.scores.max(axis=1)
    assert unsure is not None
    assert unsure.asked == 0.9
    assert {row.threshold for row in told.labels} == {unsure.threshold}
    right = found.challenger.scores.argmax(axis=1) == found.truth.argmax(axis=1)
    given = confidence >= unsure.threshold
    assert unsure.answered == pytest.approx(given.mean(), abs=1e-6)
    assert unsure.accuracy == pytest.approx(right[given].mean(), abs=1e-6)
    before = found.validation.scores
    given = before.max(axis=1) >= unsure.threshold
    assert (before.argmax(axis=1) == found.validation.truth.argmax(axis=1))[given].mean() >= 0.9
    assert found.tagged.sum(axis=1).max() == 1


def test_a_threshold_by_hand_stands_beside_what_was_chosen() -> None:
    told = metrics_document(single_evaluation(by_hand={"red": 0.99}, test=False))
    row = told.labels[0]
    assert (row.threshold, told.judged_on) == (0.99, Side.VALIDATION)
    assert told.unsure is not None
    assert row.chosen == told.unsure.threshold == told.labels[1].threshold


def test_the_gate_goes_by_macro_recall(told: Metrics) -> None:
    assert told.difference is not None
    assert told.champion is not None
    assert (told.difference.mAP, told.difference.value) == (None, told.difference.macro_recall)
    decision = decide(told, OTHER, Promotion(confidence=0.5))
    assert decision.promote
    assert decision.reason.startswith(f"Better: macro recall {told.macro_recall:.4f} against the")
    assert (decision.metric, decision.challenger_value) == ("macro_recall", told.macro_recall)
    assert (decision.challenger_map, decision.champion_map) == (told.mAP, told.champion.mAP)
    minimum = decide(told, OTHER, Promotion(minimum_map=0.99))
    assert minimum.reason.endswith(
        "promotion.minimum_map, 0.9900, which is about macro recall here"
    )
    first = decide(metrics_document(single_evaluation(champion=None)), None, Promotion())
    assert first.promote
    assert "beats one label for all images, 0.2000, with a probability of" in first.reason


def test_labels_fall_by_recall(found: Evaluation, told: Metrics) -> None:
    worse = metrics_document(single_evaluation(champion=Task.MULTI))
    for numbers in (told, worse):
        assert numbers.champion is not None
        assert numbers.difference is not None
        gaps = {row.label: row.gain for row in numbers.labels}
        for drop in numbers.drops:
            assert gaps[drop.label] == pytest.approx(-drop.drop, abs=1e-6)
    assert found.comparison is not None
    if told.drops:
        rule = Promotion(confidence=0, max_label_drop=told.drops[0].drop / 2)
        assert "recall of" in decide(told, OTHER, rule).reason


def test_a_champion_of_another_task_is_judged_by_its_best_label_and_said() -> None:
    told = metrics_document(single_evaluation(champion=Task.MULTI))
    assert told.champion is not None
    assert told.champion.task is Task.MULTI
    assert told.champion.macro_recall is not None
    reason = decide(told, OTHER, Promotion()).reason
    assert "any number of labels an image: its best one counts here" in reason


def test_no_confidence_may_be_enough() -> None:
    found = single_evaluation(accuracy=1.0)
    told = metrics_document(found)
    assert told.unsure is not None
    if told.unsure.threshold == NEVER:
        card = card_document(found, told, packed_dataset(labels=found.labels))
        assert any("every image is unsure" in limit for limit in card.limits)


def test_the_card_says_what_scores_are(found: Evaluation, told: Metrics) -> None:
    card = card_document(found, told, packed_dataset(labels=found.labels))
    assert card.model.output == "6 scores in 0..1 that add up to 1: how probable each label is"
    assert (card.metrics.macro_recall, card.metrics.top1) == (told.macro_recall, told.top1)
    assert card.metrics.unsure == told.unsure
    assert any("exactly one of the labels" in limit for limit in card.limits)


def test_calibration_is_of_the_best_label(found: Evaluation, told: Metrics) -> None:
    assert told.calibrated_ece == pytest.approx(float(found.sureness.error), abs=1e-6)
    assert found.sureness.images.sum() == len(found.truth)
    assert told.ece != told.calibrated_ece


def test_the_reference_counts_what_is_given(found: Evaluation) -> None:
    reference = reference_document(found, rows_of(found))
    assert found.validation is not None
    confidence = found.validation.scores.max(axis=1)
    limit = round(float(found.thresholds.shared), DIGITS)
    assert sum(row.tagged for row in reference.labels) == (confidence >= limit).sum()


def test_what_lies_off_the_diagonal_is_doubted() -> None:
    rng = np.random.default_rng(2)
    truth = np.eye(3, dtype=np.uint8)[rng.integers(0, 3, 150)]
    scores = 0.1 + 0.7 * truth + rng.normal(0, 0.01, truth.shape)
    wrong = [4, 40, 90]
    truth[wrong] = np.roll(truth[wrong], 1, axis=1)
    found = doubts_of_single(scores, truth, label_average_precision(scores, truth))
    assert sorted(found.images[::2].tolist()) == wrong
    assert (found.images[::2] == found.images[1::2]).all()
    assert (truth[found.images, found.labels].reshape(-1, 2) == [1, 0]).all()
    assert (found.doubt[::2] == 1 - scores[found.images[::2], found.labels[::2]]).all()
    nobody = doubts_of_single(scores, truth, np.full(3, 0.4))
    assert len(nobody.images) == 0
    with pytest.raises(InvalidScores, match="do not fit together"):
        doubts_of_single(scores, truth, np.ones(2))


def test_suspects_have_the_label_that_is_given_and_the_one_that_seems_right() -> None:
    found = single_evaluation(images=600)
    for row in suspects(found, rows_of(found)):
        surplus, missing = row.labels
        assert (surplus.given, missing.given) == (True, False)
        assert surplus.score < missing.score
        assert row.doubt == pytest.approx(1 - surplus.score, abs=1e-6)


def test_the_best_epoch_is_that_of_macro_recall_then_of_cross_entropy() -> None:
    truth = np.eye(2, dtype=np.uint8)[[0, 1, 1]]
    sure = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]], np.float32)
    hardly = np.array([[0.6, 0.4], [0.4, 0.6], [0.4, 0.6]], np.float32)
    wrong = np.array([[0.4, 0.6], [0.1, 0.9], [0.1, 0.9]], np.float32)
    epochs = [reached(n, 0.5, x, truth, Task.SINGLE) for n, x in enumerate((sure, hardly, wrong))]
    assert [epoch.value for epoch in epochs] == [1, 1, 0.5]
    assert better(epochs[0], epochs[1])
    assert not better(epochs[1], epochs[0])
    assert not better(epochs[2], epochs[1])
    assert epochs[0].loss == 1.0  # of an image: as much a label
    assert said(epochs[2]).startswith(
        "epoch=2 train:loss=1.000000 validation:macro_recall=0.500000 validation:top1=0.666667 "
    )


def test_what_is_for_several_labels_is_refused_by_name() -> None:
    asked = {
        "epochs": "1", "learning_rate": "0.1", "image_shape": "3,32,32", "num_classes": "2",
        "task": "single",
    }  # fmt: skip
    assert parse(asked).single
    assert parse(asked).named()["task"] is Task.SINGLE
    with pytest.raises(JobRefused, match="hyperparameter loss is 'asymmetric', which is for"):
        parse(asked | {"loss": "asymmetric"})
    assert "task" not in parse({k: v for k, v in asked.items() if k != "task"}).named()
