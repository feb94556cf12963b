"""What training and evaluation say of a model: model.json, metrics.json and what goes with it."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import UNSET, UnsetType

from tagline.formats.document import Document, Record
from tagline.formats.packed import BySide, Digests, Names
from tagline.formats.resampled import Resampled
from tagline.formats.rows import Side, Size
from tagline.formats.settings import ImageSpec
from tagline.formats.tasks import Task


class ModelStart(Record, kw_only=True):
    """What a training started from."""

    kind: Literal["none", "starter", "champion", "file"]
    run: str | None = None
    """Of a champion."""
    uri: str | None = None
    """Of a user's file."""
    sha256: str | None = None
    """Of the file whose weights were taken."""
    instead: str | None = None
    """Why it is not what was asked for or would be taken first; null where it is."""

    @property
    def said(self) -> str:
        """What it was, in words, and why if it is not what was asked for."""
        told = f"{self.kind} {self.run or self.uri or ''}".rstrip()
        return f"{told}: {self.instead}" if self.instead else told


FEWEST_IMAGES = 30  # on which a comparison of models says anything


class Curve(Record):
    """How a label's score is made a probability: sigmoid(slope x logit(score) + offset)."""

    slope: float
    """Above 0."""
    offset: float


class ModelDescription(Document, kw_only=True):
    """model.json in model.tar.gz: what the network is, and how it sees images."""

    run: str = ""
    created: str = ""
    """ISO 8601, UTC."""
    labels: Names
    """In the order of the network's outputs."""
    image: ImageSpec
    network: str | None = None
    hyperparameters: Mapping[str, str] | None = None
    versions: Mapping[str, str] | None = None
    best_epoch: int | None = None
    mAP: float | None = None  # noqa: N815 - the files' name for it
    ended_early: str | None = None
    """What ended training after how many of its epochs; null where it came to its end."""
    start: ModelStart | None = None
    """Null for a model of an earlier version, which started from nothing."""
    calibration: Mapping[str, Curve] | None = None
    """The curves that are part of model.onnx, by label; a label without one is not calibrated,
    and null is a model whose scores are as they were learned."""
    task: Task = Task.MULTI
    """What an image has: any number of labels, or one, whose scores add up to 1."""
    temperature: float | None = None
    """Of single labels: what the logits are divided by in model.onnx, as validation images had it;
    null: they are as they were learned."""
    macro_recall: float | None = None
    """Of single labels, on validation images."""


class Means(Record):
    """A model's numbers over all labels, null where nothing could be measured."""

    mAP: float | None  # noqa: N815
    micro_ap: float | None
    baseline_map: float | None
    """mAP of always answering each label's frequency."""
    macro_recall: float | None = None
    """Of single labels, like the next two: the mean of the labels' recalls, where each image's best
    label is its answer."""
    top1: float | None = None
    """Share of the images whose best label is theirs."""
    top5: float | None = None
    """Share of the images that have theirs among the best five; null with five labels or fewer."""


class ChampionMeans(Means, kw_only=True):
    """The champion's numbers on the same images."""

    run: str
    trained_at: Size | None = None
    """Pixels of the side of the images that it was trained on; null in older files."""
    judged_at: Size | None = None
    """Of those that it was judged on here, which were packed for the challenger."""
    task: Task = Task.MULTI
    """What it was trained for, which may be another one than it was judged by here."""

    def task_said(self, judged: Task) -> str | None:
        """Where it was judged by another task than it was trained for: that, in words."""
        if self.task is judged:
            return None
        if judged is Task.SINGLE:
            return (
                "the champion was trained for any number of labels an image: its best one counts "
                "here"
            )
        return (
            "the champion was trained for one label an image: its scores, which add up to 1, rank "
            "images here"
        )

    @property
    def resized_said(self) -> str | None:
        """Where it was judged on images of another size than it learned from: that, in words."""
        if self.trained_at == self.judged_at or not (self.trained_at and self.judged_at):
            return None
        return (
            f"the champion was judged on images of {self.judged_at} px; it was trained on "
            f"{self.trained_at} px"
        )


class LabelMetrics(Record):
    """One label's numbers."""

    label: str
    ap: float | None
    """Average precision; null without a positive."""
    f1: float | None
    """At the threshold, on images that it was not chosen on."""
    support: Size
    """Images that have the label."""
    threshold: float
    """Score from which the API gives the tag."""
    chosen: float | None = None
    """What the evaluation chose, where `threshold` was set by hand; null elsewhere."""
    ap_low: float | None = None
    """From here to `ap_high` lies the middle 95 % of `ap` on resampled images."""
    ap_high: float | None = None
    gain: float | None = None
    """`ap`, of single labels `recall`, less the champion's, on the images of `difference`."""
    gain_low: float | None = None
    """From here to `gain_high` lies the middle 95 % of it, each draw judging both models."""
    gain_high: float | None = None
    ece: float | None = None
    """Expected calibration error of the scores that are served."""
    recall: float | None = None
    """Of single labels: the share of the images that have it whose best label it is."""
    precision: float | None = None
    """Of single labels: the share of the images whose best label it is that have it."""


class Confusion(Record):
    """How often an image's best label is which, where it has which: of single labels."""

    labels: tuple[str, ...]
    """Of rows and columns, in the order of the dataset's."""
    counts: tuple[tuple[Size, ...], ...]
    """Images: a row for the label that they have, a column for their best one."""


class Unsure(Record):
    """What becomes of the images where a model of single labels may say that it is unsure."""

    threshold: float
    """The confidence, the score of the best label, from which it is given."""
    asked: float
    """The share of given labels that was to be right on validation images."""
    answered: float
    """Share of the judging images that are given a label."""
    accuracy: float | None
    """Share of those that are given the right one; null where none is given any."""


class Difference(Resampled, kw_only=True):
    """What a model has more of the primary metric than another, and how sure that is.

    By resampled images.
    """

    mAP: float | None  # noqa: N815
    """Null where the primary metric is another."""
    macro_recall: float | None = None
    """Of single labels."""
    images: Size | None = None
    """On which both were judged."""

    @property
    def value(self) -> float | None:
        """Of the primary metric."""
        return self.mAP if self.macro_recall is None else self.macro_recall


class LabelDrop(Record):
    """By how much a label is below the champion's, on `support` images.

    By average precision; of single labels by recall.
    """

    label: str
    drop: float
    support: Size


class Metrics(Document, kw_only=True):
    """How good the challenger is, and the champion on the same images."""

    run: str
    created: str
    images: Size
    judged_on: Side = Side.VALIDATION
    """The side of the split that all numbers are about, the thresholds' choice kept apart."""
    mAP: float | None  # noqa: N815
    micro_ap: float | None
    baseline_map: float | None
    macro_f1: float | None = None
    """Mean of the labels' F1, on images that the thresholds were not chosen on."""
    micro_f1: float | None = None
    """Of all pairs of image and label together."""
    shared_threshold: float | None = None
    ece: float | None = None
    """Expected calibration error of all pairs of image and label, as the network scores them."""
    calibrated_ece: float | None = None
    """The same of calibrated scores, which are served; null where nothing is calibrated."""
    labels: tuple[LabelMetrics, ...]
    over_frequencies: Difference | None = None
    """The challenger less what label frequencies reach; on 30 images and more, less what its
    scores reach in another order, since any order exceeds the frequencies."""
    champion: ChampionMeans | None = None
    """On the images of `difference`."""
    difference: Difference | None = None
    """Challenger less champion, on images that neither was trained on."""
    left_out: Size = 0
    """Images without which they were compared, since the champion was trained on them."""
    drops: tuple[LabelDrop, ...] = ()
    """Of labels that both know, with 10 images or more; the largest first."""
    not_compared: str | None = None
    """Why there is no difference although there is a champion."""
    ended_early: str | None = None
    """As the challenger's model.json has it."""
    start: ModelStart | None = None
    """As the challenger's model.json has it."""
    task: Task = Task.MULTI
    """single: each image has exactly one label; absent in older files."""
    primary_metric: Literal["mAP", "macro_recall"] = "mAP"
    """What the gate compares: of single labels macro recall."""
    macro_recall: float | None = None
    """Of single labels, like all that follow: the mean of the labels' recalls, where each image's
    best label is its answer."""
    macro_recall_low: float | None = None
    """From here to `macro_recall_high` lies the middle 95 % of it on resampled images."""
    macro_recall_high: float | None = None
    baseline_macro_recall: float | None = None
    """Of always answering the most frequent label."""
    top1: float | None = None
    """Share of the images whose best label is theirs."""
    top1_low: float | None = None
    top1_high: float | None = None
    top5: float | None = None
    """Share of the images that have theirs among the best five; null with five labels or fewer."""
    top5_low: float | None = None
    top5_high: float | None = None
    cross_entropy: float | None = None
    """The mean of -log(score of the image's label), in nats."""
    confusion: Confusion | None = None
    unsure: Unsure | None = None

    @property
    def value(self) -> float | None:
        """The primary metric's."""
        return self.of(self)

    def of(self, means: "Metrics | ChampionMeans") -> float | None:
        """Return the primary metric of this model or the champion."""
        return means.mAP if self.primary_metric == "mAP" else means.macro_recall

    @property
    def baseline(self) -> float | None:
        """What the primary metric is of the baseline, `baseline_said`."""
        return self.baseline_map if self.primary_metric == "mAP" else self.baseline_macro_recall

    @property
    def baseline_said(self) -> str:
        """What is told of an image that nobody looked at."""
        if self.primary_metric == "mAP":
            return "label frequencies alone"
        return "one label for all images"


class ImageScores(Record):
    """What an endpoint answers of an image: which model, and a score from 0 to 1 a label."""

    run: str
    created: str
    """When the model was trained: ISO 8601, UTC."""
    labels: tuple[str, ...]
    scores: tuple[float, ...]
    heat: Mapping[str, tuple[float, ...]] | UnsetType = UNSET
    """What a label's score loses where each cell of a grid is covered, row by row; where it is
    asked for, of the labels that have the highest scores."""


WITH_HEAT = "application/vnd.tagline.explained+json"
"""The Accept of a request whose answer is to have `heat`; older servers leave it out."""


class SmokeImage(Record):
    """An image as the endpoint takes it, and the scores that the evaluation saw."""

    content_type: str
    body: str
    """Base64."""
    scores: Sequence[float]


class Smoke(Document, kw_only=True):
    """What a fresh endpoint must reproduce before it takes over."""

    run: str
    labels: tuple[str, ...]
    images: tuple[SmokeImage, ...]


class Refusal(Record):
    """What an endpoint answers of an image that it does not take."""

    error: str
    """Stable code, one of the reject reasons where the image is at fault."""
    detail: str
    """For people."""
    retry_after: int | UnsetType = UNSET
    """Seconds after which the same request makes sense, where it does."""


class CardModel(Record):
    """The model card's section on the model."""

    run: str
    created: str | None
    network: str | None
    best_epoch: int | None
    hyperparameters: Mapping[str, str] | None
    versions: Mapping[str, str] | None
    input: str
    output: str
    start: ModelStart | None = None


class CardData(Record, kw_only=True):
    """The model card's section on the data: keys of dataset.json."""

    run: str
    fingerprint: str
    rows: Size
    accepted: Size
    rejected: Size
    train: Size
    validation: Size
    test: Size = 0
    image: ImageSpec
    positives: Mapping[str, BySide]
    sha256: Digests


class CardMetrics(Record, kw_only=True):
    """The model card's section on quality: keys of metrics.json."""

    images: Size
    judged_on: Side = Side.VALIDATION
    mAP: float | None  # noqa: N815
    micro_ap: float | None
    baseline_map: float | None
    macro_f1: float | None = None
    micro_f1: float | None = None
    macro_recall: float | None = None
    top1: float | None = None
    top5: float | None = None
    unsure: Unsure | None = None
    champion: ChampionMeans | None
    difference: Difference | None
    over_frequencies: Difference | None = None


class ModelCard(Document, kw_only=True):
    """What a model was made from, how good it is, what it is not (after Mitchell et al. 2019)."""

    model: CardModel
    intended_use: str
    data: CardData
    metrics: CardMetrics
    limits: tuple[str, ...]
    licence: str
