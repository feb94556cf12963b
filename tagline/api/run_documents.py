"""What the API answers of one run: how good its model is, and what was decided."""

from typing import Literal

from tagline.api.documents import (
    Counts,
    DatasetName,
    LinkUrl,
    Metric,
    ObjectUri,
    Part,
    RunName,
    RunSummary,
    Score,
)
from tagline.formats.rows import Size
from tagline.formats.tasks import Task


class ListShown(Part, kw_only=True):
    """The version of the list file that started the run."""

    key: str
    version_id: str
    etag: str


class ModelScores(Part, kw_only=True):
    """A model's numbers over all labels, null where nothing could be measured."""

    mAP: Score | None  # noqa: N815
    micro_ap: Score | None
    baseline_map: Score | None
    """mAP of always answering each label's frequency."""
    macro_recall: Score | None = None
    """Of images that have exactly one label, like the next two: the mean of the labels' recalls."""
    top1: Score | None = None
    """The share of images whose best label is theirs."""
    top5: Score | None = None
    """Among the best five; null with five labels or fewer."""


class ChampionScores(ModelScores, kw_only=True):
    """The champion's numbers on the same images."""

    run: RunName


class LabelScores(Part, kw_only=True):
    """One label's numbers."""

    label: str
    ap: Score | None
    """Average precision; null without a positive."""
    f1: Score | None
    """At the threshold."""
    support: Size
    """Images that have the label."""
    threshold: Score
    """Score from which its evaluation gave the tag."""
    chosen: Score | None = None
    """What the evaluation would have chosen, where a person had set `threshold`; else null."""
    ap_low: Score | None = None
    """From here to `ap_high` lies the middle 95 % of `ap` on resampled images."""
    ap_high: Score | None = None
    recall: Score | None = None
    """Where an image has exactly one label: the share of its images whose best label it is."""
    precision: Score | None = None
    """The share of the images whose best label it is that have it."""


class ConfusionShown(Part, kw_only=True):
    """How often the best label of an image is which, where it has which."""

    labels: list[str]
    counts: list[list[Size]]
    """Images: a row for the label that they have, a column for their best one."""


class UnsureShown(Part, kw_only=True):
    """What becomes of the images where the model may be unsure."""

    threshold: Score
    """The highest score from which a label is given, but for thresholds set by hand."""
    answered: Score
    """The share of images that are given a label."""
    accuracy: Score | None
    """The share of those that are given the right one."""


class ScoreDifference(Part, kw_only=True):
    """What the model has more of the primary metric than the champion, and how sure that is."""

    mAP: float | None  # noqa: N815
    """null where the primary metric is another."""
    macro_recall: float | None = None
    bound: float | None
    """What it exceeds with a probability of `confidence`."""
    confidence: Score | None
    probability: Score | None
    """That it is above 0 on other images, too."""
    images: Size | None
    """On which both were compared: those that neither was trained on."""


class RunMetrics(ModelScores, kw_only=True):
    """How good the run's model is, on images that nothing was chosen on."""

    images: Size
    judged_on: Literal["test", "validation"]
    """The side of the split: validation where the dataset is too small for a test side."""
    macro_f1: Score | None
    """Mean of the labels' F1."""
    micro_f1: Score | None
    """F1 of all tags together."""
    task: Task = Task.MULTI
    """single: an image has exactly one label."""
    baseline_macro_recall: Score | None = None
    """Of always answering the most frequent label."""
    unsure: UnsureShown | None = None
    confusion: ConfusionShown | None = None
    """null with more than 200 labels, too: metrics.json has it."""
    labels: list[LabelScores]
    champion: ChampionScores | None
    """The champion's numbers on the same images."""
    difference: ScoreDifference | None


class RankingScores(Part, kw_only=True):
    """How well a recommender ranks, by users' means; null where nothing could be measured."""

    ndcg_at_10: Score | None
    recall_at_10: Score | None
    map: Score | None
    coverage: Score | None
    """The share of all items that stands in at least one user's first ten."""
    novelty: float | None


class ServedRanking(RankingScores, kw_only=True):
    """The champion's numbers for the same users."""

    run: RunName


class RankingGroup(Part, kw_only=True):
    """The numbers of users with histories of similar length."""

    group: str
    users: Size
    ndcg_at_10: Score | None
    recall_at_10: Score | None


class RankingMetrics(RankingScores, kw_only=True):
    """How good the run's recommender is, for users of the test."""

    primary_metric: Metric
    algorithm: str
    users: Size
    without_history: Size
    items: Size
    groups: list[RankingGroup]
    baseline: RankingScores
    """What popularity reaches."""
    champion: ServedRanking | None


class RunDecision(Part, kw_only=True):
    """Why the run's model was promoted or not."""

    promote: bool
    reason: str
    challenger_map: Score | None
    champion_map: Score | None
    metric: Metric = "mAP"
    challenger_value: Score | None = None
    """Of the primary metric, like the champion's; null in older runs."""
    champion_value: Score | None = None


class Link(Part, kw_only=True):
    """A file of the run."""

    s3_uri: ObjectUri
    url: LinkUrl


class RunDetails(RunSummary, kw_only=True):
    """All that is known of a run; what it has not reached is null."""

    dataset: DatasetName
    list: ListShown | None
    counts: Counts | None
    metrics: RunMetrics | None
    """Null for a run of ratings."""
    ranking: RankingMetrics | None = None
    """Of a run of ratings alone."""
    decision: RunDecision | None
    report: Link | None
    rejects: Link | None
    verdicts: Link | None
    """Of the first 250,000 rows, where the list has more: the others' lie beside it."""
    suspects: Link | None
    """The rows whose labels the model doubts, a JSON object a line."""
