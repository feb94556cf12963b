"""The model card: what a model was made from, how good it is, and what it is not."""

from collections.abc import Sequence

from msgspec import convert

from tagline.formats.models import (
    FEWEST_IMAGES,
    CardData,
    CardMetrics,
    CardModel,
    Metrics,
    ModelCard,
)
from tagline.formats.packed import PackedDataset, pictures_said
from tagline.formats.rows import Side
from tagline.formats.tasks import Task
from tagline.scores.reject import NEVER
from tagline.scores.thresholds import SUPPORT_FLOOR
from trainer.evaluation import Evaluation


def card_document(evaluation: Evaluation, numbers: Metrics, dataset: PackedDataset) -> ModelCard:
    """Return model_card.json (sections after Mitchell et al. 2019); `numbers` are metrics.json."""
    candidate = evaluation.challenger.candidate
    description = candidate.description
    return ModelCard(
        model=CardModel(
            run=candidate.run,
            created=description.created,
            network=description.network,
            best_epoch=description.best_epoch,
            hyperparameters=description.hyperparameters,
            versions=description.versions,
            input=f"RGB image, {candidate.side} x {candidate.side} pixels, values 0 to 255",
            output=_output(evaluation),
            start=description.start,
        ),
        intended_use="Suggest tags for graphic designs like those it was trained on.",
        data=convert(dataset, CardData, from_attributes=True),
        metrics=convert(numbers, CardMetrics, from_attributes=True),
        limits=(*_ended(description.ended_early), *limits(evaluation, dataset)),
        licence=(
            "The model inherits whatever terms its training images and labels carry; the list "
            "does not state them, so check them before passing the model on."
        ),
    )


def _output(evaluation: Evaluation) -> str:
    labels = len(evaluation.challenger.candidate.labels)
    if evaluation.challenger.candidate.description.task is Task.SINGLE:
        return f"{labels} scores in 0..1 that add up to 1: how probable each label is"
    return f"{labels} scores in 0..1, one per label, not exclusive"


def _ended(early: str | None) -> list[str]:
    return [f"The model is of an unfinished training: {early}."] if early else []


def limits(evaluation: Evaluation, dataset: PackedDataset) -> list[str]:
    """Return what a reader should know before relying on the numbers, in sentences."""
    support = evaluation.challenger.quality.support
    absent = [x for x, n in zip(evaluation.labels, support, strict=True) if n == 0]
    few = [x for x, n in zip(evaluation.labels, support, strict=True) if 0 < n < SUPPORT_FLOOR]
    said = [
        f"Numbers hold for images like the {evaluation.side} set's, others may be tagged worse.",
        _chosen_on(evaluation),
    ]
    if len(evaluation.truth) < FEWEST_IMAGES:
        said.append(
            f"{len(evaluation.truth)} images judged the model: its numbers are little more than a "
            f"guess below {FEWEST_IMAGES}."
        )
    if evaluation.validation and len(evaluation.validation.ids) < FEWEST_IMAGES:
        said.append(
            f"{len(evaluation.validation.ids)} validation images chose epoch and thresholds: below "
            f"{FEWEST_IMAGES} that is little more than a guess."
        )
    said += [f"{sentence}." for sentence in pictures_said(dataset)]
    if absent:
        said.append(
            f"{len(absent)} label(s) have no {evaluation.side} positive and were not judged: "
            f"{some(absent)}."
        )
    if few:
        said.append(
            f"{len(few)} label(s) have fewer than {SUPPORT_FLOOR} {evaluation.side} positives, "
            f"which say little of each: {some(few)}."
        )
    said += _of_single(evaluation)
    champion = evaluation.champion
    if champion:
        unknown = [x for x in evaluation.labels if x not in champion.candidate.labels]
        if unknown:
            said.append(
                f"The champion never learned {len(unknown)} label(s), which count at their "
                f"frequency: {some(unknown)}."
            )
    if evaluation.not_compared:
        said.append(f"It was not compared with the champion: {evaluation.not_compared}.")
    return said


def _of_single(evaluation: Evaluation) -> list[str]:
    """Say what a model of single labels does not know, and where its threshold could not be had."""
    if not evaluation.single:
        return []
    nothing_else = (
        "Each image is taken to have exactly one of the labels: one that has none of them gets the "
        "label it is most like, unless its confidence is below the threshold."
    )
    said = [nothing_else]
    if evaluation.challenger.candidate.description.task is not Task.SINGLE:
        said.append("Its scores do not add up to 1: it was trained for any number of labels.")
    if evaluation.thresholds.shared == NEVER:
        said.append(
            f"No confidence makes {evaluation.single.asked:.0%} of the labels right that are given "
            "to validation images, as reject_option.accuracy asks: every image is unsure."
        )
    return said


def _chosen_on(evaluation: Evaluation) -> str:
    if evaluation.side is Side.TEST:
        return "Epoch, tuning and thresholds were chosen on other images, those for validation."
    return (
        f"There are no test images, so the epoch was chosen on the images that judge the model: "
        f"{'macro recall' if evaluation.single else 'mAP'} is slightly optimistic. "
        f"{'The share of right answers' if evaluation.single else 'F1'} is not: thresholds were "
        "chosen on other images each time."
    )


def some(labels: Sequence[str], most: int = 8) -> str:
    """Return the first names and how many more there are."""
    rest = len(labels) - most
    return ", ".join(labels[:most]) + (f" and {rest} more" if rest > 0 else "")
