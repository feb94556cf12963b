"""What a run is planned to work on: plan.json and shards.json."""

from collections.abc import Mapping
from typing import Literal

from msgspec import field

from tagline.formats.document import Document, Record
from tagline.formats.kinds import Kind
from tagline.formats.pictures import BackgroundChoice, Seen
from tagline.formats.reasons import Reason
from tagline.formats.rows import Rejected, Size
from tagline.formats.settings import Settings
from tagline.formats.tasks import Task

TRAIN_ANYWAY = "tagline-train"  # in a list's metadata: why its run trains though nothing changed
TRIED = "tagline-try"  # in a list's metadata: a JSON array of the settings that its run tries


class DroppedList(Record, kw_only=True):
    """One version of a list file, as it was dropped."""

    key: str
    version_id: str = ""
    """Empty in a bucket without versions."""
    etag: str
    """Without quotes."""


class ListVersion(DroppedList, kw_only=True):
    """One version of a list file that has been read."""

    sha256: str = ""
    """Of its bytes, hexadecimal."""
    train_anyway: str | None = None
    """Why the run trains though nothing changed: what the list's metadata says."""


class Reuse(Record):
    """The earlier run whose records some rows take their images from."""

    run: str
    packing: str
    """How its images were packed (`image_index.PACKING`)."""
    sha256: Mapping[str, str]
    """Of its record files, hexadecimal, by channel: training, validation, test."""
    background: BackgroundChoice | None = None
    """What `background: auto` stood for, which stays with its records."""


class Changes(Record):
    """How the images of a list differ from those of the run that was packed last."""

    run: str
    """The run that was packed last."""
    relabelled: Size | None
    """Images of both that have other labels now; null where that run kept no labels."""
    new: Size
    gone: Size


class CorrectionsIn(Record):
    """That corrections were merged into a list."""

    key: str
    """Of the file that tells what they changed."""
    corrections: Size
    rows: Size
    """That they changed or added."""
    by: Literal["person", "corrections"]
    """Who had them merged: a person, or so many corrections by themselves."""
    new: Size = 0
    """Since the last time, where they started it."""


class Plan(Document, kw_only=True):
    """A run as PlanDataset planned it."""

    kind: Kind = Kind.IMAGES
    """By where the file was dropped; absent in older files."""
    run: str
    dataset: str
    bucket: str
    list: ListVersion
    fingerprint: str
    """SHA-256 of label names, settings and accepted rows: equal ones train the same model."""
    rows: Size
    accepted: Size
    rejected: Size
    train: Size
    validation: Size
    test: Size = 0
    labels: tuple[str, ...]
    """In column order; none of ratings."""
    task: Task = Task.MULTI
    """single: each image has exactly one label; absent in older files and of ratings."""
    positives: Mapping[str, int]
    """Accepted rows that have each label."""
    users: Size = 0
    """Of accepted ratings, like `items`; 0 of images."""
    items: Size = 0
    reused: Size = 0
    """Rows whose image an earlier run has packed."""
    reuse: Reuse | None = None
    packed_before: tuple[str, ...] = ()
    """The runs that packed the dataset last, newest first."""
    settings: Settings
    shards: Size
    contradicting: Size = 0
    """Rejected rows that say something else of an image or id than the row that counts."""
    copies: Size = 0
    """Accepted rows whose image is, byte by byte, an earlier row's under another key."""
    seen: Seen | None = None
    """What the reused run told of its pictures; null without one."""
    reasons: Mapping[Reason, Rejected] = field(default_factory=dict)
    """Why rows were rejected, the most frequent first; empty in older files, too."""
    changes: Changes | None = None
    """Null for a first list, and for one that changes nothing."""
    corrections: CorrectionsIn | None = None
    """Null for a list that none were merged into."""
    candidate: bool = False
    """Whether the run was tried: it is judged, and promoted by a person alone."""
    tried: tuple[str, ...] = ()
    """What it was tried with, such as `training.epochs=20`: instead of what dataset.yaml says."""
    script: str | None = None
    """SHA-256 (hexadecimal) of the training script that the run took, a person's own."""
    same_as: str | None = None
    """Of an unchanged list: the judged run that it equals; null in older files, too."""


class PlannedShard(Record):
    """An item of shards.json: a shard, its rows, and the bytes of the images to fetch."""

    shard: str
    rows: Size
    bytes: Size
