"""What the API takes and answers: openapi.json is made from these types (`make docs`).

Every key is in every answer, null where nothing is known.
"""

from typing import Annotated, Literal, dataclass_transform

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tagline.formats.names import DATASET, RUN
from tagline.formats.outcomes import Outcome
from tagline.formats.rows import Size
from tagline.formats.tasks import Task

DatasetName = Annotated[str, Meta(title="DatasetName", pattern=f"^{DATASET.pattern}$")]
RunName = Annotated[
    str, Meta(title="RunName", pattern=f"^{RUN.pattern.replace('?P<dataset>', '?:')}$")
]
Score = Annotated[float, Meta(title="Score", ge=0, le=1)]
Kind = Literal["images", "ratings"]
Metric = Literal["mAP", "macro_recall", "ndcg_at_10"]
ProblemStatus = Annotated[int, Meta(ge=400, le=599)]
ObjectUri = Annotated[str, Meta(pattern="^s3://[^/]+/.+$")]
LINK_SECONDS = 900
LinkUrl = Annotated[str, Meta(description=f"Good for {LINK_SECONDS // 60} minutes.")]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Part(msgspec.Struct, frozen=True, kw_only=True):
    """An object of a request or an answer."""


class ImageLocation(Part, kw_only=True, forbid_unknown_fields=True):
    """Where an image lies: below the dataset in the data bucket, or below the dataset's source."""

    s3_uri: ObjectUri


class InlineImage(Part, kw_only=True, forbid_unknown_fields=True):
    """An image in the request itself."""

    image: Annotated[str, Meta(description="Base64, or a data: URL of base64.")]


class Tag(Part, kw_only=True):
    """A label that the image carries, with the model's score."""

    label: str
    score: Score
    heat: Annotated[str, Meta(pattern="^data:image/png;base64,")] | UnsetType = UNSET
    """With explain=1, of the labels that have the highest scores: a PNG of a pixel for each cell of
    the image as the model sees it, the more opaque the more the score hangs on it."""


class Model(Part, kw_only=True):
    """The model that answered."""

    run: RunName
    created: str
    """When it was trained: ISO 8601, UTC."""


class Tags(Part, kw_only=True):
    """The tags of an image, highest score first; scores to 6 decimal places.

    Where an image has exactly one label, the answer has `label`, `unsure` and `scores`, too.
    """

    dataset: DatasetName
    model: Model
    label: str | UnsetType | None = UNSET
    """The label of the highest score; null where the model is unsure of it."""
    unsure: bool | UnsetType = UNSET
    """Whether the highest score is below its label's threshold."""
    scores: list[Tag] | UnsetType = UNSET
    """Of all labels or the first top_k, highest first; together they are 1."""
    tags: list[Tag]


class ImageVerdict(Part, kw_only=True):
    """What became of one image of several: its tags, or why it has none."""

    image: str
    """The file's name in the form, or its field's without one."""
    model: Model | None
    label: str | UnsetType | None = UNSET
    """As of a single image; absent where images have any number of labels, or with a problem."""
    unsure: bool | UnsetType = UNSET
    scores: list[Tag] | UnsetType = UNSET
    tags: list[Tag] | None
    problem: "ProblemDocument | None"


class ManyTags(Part, kw_only=True):
    """The verdicts on the images of a form, in its order."""

    dataset: DatasetName
    images: list[ImageVerdict]


class ChampionSummary(Part, kw_only=True):
    """Which run serves a dataset."""

    run: RunName
    mAP: Score | None  # noqa: N815 - the files' name for it
    """null for a dataset of ratings."""
    kind: Kind = "images"
    metric: Metric = "mAP"
    """The primary metric, which the gate compares."""
    value: Score | None = None
    """Of the primary metric, when it was promoted; null where mAP alone is known."""
    since: str
    """When it was promoted: ISO 8601, UTC."""


class ChampionDetails(ChampionSummary, kw_only=True):
    """Which run serves a dataset, and why."""

    reason: str
    """Why it was promoted."""
    previous: RunName | None
    """The champion before it."""
    endpoint: str


class EndpointHealth(Part, kw_only=True):
    """Whether a dataset's champion answers."""

    serves: bool | None
    """null where SageMaker did not tell."""
    status: str | None
    """SageMaker's EndpointStatus; null for no endpoint."""
    problem: str | None
    """What keeps the champion from serving."""


class Healthy(Part, kw_only=True):
    """Every champion answers."""

    status: Literal["ok"]
    datasets: Size
    """That have a champion."""


class Counts(Part, kw_only=True):
    """Rows of the list: accepted and rejected make all, the sides of the split the accepted."""

    rows: Size
    accepted: Size
    rejected: Size
    train: Size
    validation: Size
    test: Size = 0


class DatasetSummary(Part, kw_only=True):
    """A dataset in a listing."""

    dataset: DatasetName
    champion: ChampionSummary | None
    problem: str | None
    """Why the champion is unknown though there is one."""


class Datasets(Part, kw_only=True):
    """One page of datasets."""

    datasets: list[DatasetSummary]
    next: DatasetName | None
    """Asks for the page after this one; null on the last."""


class DatasetDetails(Part, kw_only=True):
    """A dataset; labels and counts are those of the run judged last."""

    dataset: DatasetName
    kind: Kind = "images"
    champion: ChampionDetails | None
    health: EndpointHealth | None
    """Of the champion's endpoint; null without a champion."""
    labels: list[str]
    """In column order."""
    task: Task = Task.MULTI
    """single: an image has exactly one of the labels."""
    counts: Counts | None
    thresholds: dict[str, Score]
    """Scores from which on labels are tags, that dataset.yaml sets by hand: they go before those of
    a run, whichever serves."""
    changes_refused: str | None
    """Why this caller may give no orders and drop no lists; null where it may, as far as the API
    knows: where callers sign their requests, IAM decides."""


class RunSummary(Part, kw_only=True):
    """How a run ended."""

    run: RunName
    outcome: Outcome | None
    """null while the run is going on, and where nobody knows"""
    state: str
    """The state that decided it; Running while the run is going on, Unreadable where its
    status.json is damaged: `reason` says how."""
    reason: str | None
    started: str | None
    """ISO 8601, UTC, like `ended`."""
    ended: str | None
    mAP: Score | None = None  # noqa: N815
    """Of its model, on the images that it was judged on; null for a run without one."""
    metric: Metric = "mAP"
    """The primary metric, which the gate compares."""
    value: Score | None = None
    """Of the primary metric; null for a run without a model."""
    candidate: bool = False
    """Whether it was started to be looked at, by `tagline try`: only a person promotes it."""
    shadow: Literal["answering", "answered"] | None = None
    """Whether its model answers real requests beside the champion, heard by nobody, or did."""


class Runs(Part, kw_only=True):
    """One page of a dataset's runs, newest first."""

    dataset: DatasetName
    runs: list[RunSummary]
    next: RunName | None
    """Asks for the page after this one; null on the last."""


class ProblemDocument(Part, kw_only=True):
    """A problem, as RFC 9457 has it."""

    type: Literal["about:blank"] = "about:blank"
    """The status says the kind; `code` says which."""
    title: str
    status: ProblemStatus
    code: str
    """A stable name of the problem."""
    detail: str
    request_id: str
    """Found in the log."""
    running: list[RunName] | UnsetType = UNSET
    """With code no_champion: the runs that are going on."""
