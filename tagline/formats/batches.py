"""Batches: dropped lists of images that are tagged, each with a verdict, and how that ended."""

from enum import StrEnum
from typing import Literal

from msgspec import UNSET, UnsetType

from tagline.formats.document import Document, Record
from tagline.formats.kinds import Kind
from tagline.formats.plan import DroppedList
from tagline.formats.reasons import Reason
from tagline.formats.recommending import Recommended
from tagline.formats.rows import Size

ANSWER = "answer"  # TagShard's, in the metadata of a shard's verdicts
MODEL_FAILED = "model_failed"  # a reason that is no Reason: of the model, not of the image


class BatchItem(Record, omit_defaults=True):
    """An image of a shard, or a line that names none; there is one verdict for each."""

    number: int
    """From 1, in the list's order; the id in the batch's .tags.lst."""
    line: int
    """Number of the list's line that names it, from 1."""
    path: str
    """As a list of the dataset names the image."""
    bucket: str = ""
    """Empty where `reason` says why there is nothing to fetch."""
    key: str = ""
    reason: Reason | None = None
    detail: str = ""
    etag: str | None = None
    """Not known before the image is fetched, like its size."""
    size: int | None = None


class BatchTag(Record):
    """A label that an image carries, with the model's score."""

    label: str
    score: float


class BatchVerdict(Record):
    """What became of one image of a batch, or of a line that names none."""

    line: int
    path: str
    verdict: Literal["tagged", "rejected"]
    label: str | UnsetType | None = UNSET
    """Of an image that has exactly one label, like the next two: its own; null where the model is
    unsure."""
    unsure: bool | UnsetType = UNSET
    confidence: float | UnsetType = UNSET
    """The highest score, whether it was enough or not."""
    tags: tuple[BatchTag, ...] = ()
    """Highest score first."""
    run: str | None = None
    """Whose model answered; null for a rejected image."""
    reason: str | None = None
    """Stable code: one of the rejects' reasons; or model_failed, busy or endpoint_not_ready."""
    detail: str | None = None
    """For people."""
    recommendations: tuple[Recommended, ...] | UnsetType = UNSET
    """Of a user of a dataset of ratings, whom `path` names; the best first."""
    basis: Literal["history", "popularity"] | UnsetType = UNSET
    """What they were recommended by."""


class BatchShard(Record):
    """An item of a batch's shards.json."""

    shard: str
    images: Size


class BatchPlan(Document, kw_only=True):
    """What a batch works on."""

    batch: str
    dataset: str
    bucket: str
    list: DroppedList
    started: str
    """When the list was dropped: ISO 8601, UTC."""
    run: str
    """The champion's when the batch was planned."""
    kind: Kind = Kind.IMAGES
    """Of ratings each line is a user."""
    labels: tuple[str, ...]
    """The columns of the batch's .tags.lst; none of ratings."""
    lines: Size
    """Lines of the list that are neither blank nor a CSV's header."""
    images: Size
    """Verdicts there will be: a prefix has many, any other line one."""
    rejected: Size
    """Those of them that are known already."""
    shards: Size


class BatchOutcome(StrEnum):
    """The ways a batch can end."""

    TAGGED = "Tagged"
    SUPERSEDED = "Superseded"
    FAILED = "Failed"


class BatchPublished(Document, kw_only=True):
    """Which batch the two files beside it are of: of the versions of a list the one dropped last.

    Written before them; whoever finds another batch here than it read makes them anew.
    """

    batch: str


class BatchStatus(Document, kw_only=True):
    """How a batch ended and why; written once, when its files are published."""

    batch: str
    dataset: str
    list: str
    """Key of the list."""
    outcome: BatchOutcome
    state: str
    """The state that decided it."""
    reason: str
    """A sentence for people."""
    started: str
    """ISO 8601, UTC, like `ended`."""
    ended: str
    images: Size = 0
    tagged: Size = 0
    rejected: Size = 0
    tags: str | None = None
    """S3 URI of the verdicts; null where none were published."""
    rows: str | None = None
    """S3 URI of the tagged images as a list."""
