"""How much a run is: what follows from the images, the labels, the settings and the stack."""

import math
from dataclasses import dataclass, field

from tagline.formats.settings import Settings
from tagline.planning.room import PLAN_IN_TASK_ABOVE, Room, plan_bytes
from tagline.planning.sharding import MAX_SHARD_BYTES, MAX_SHARD_ROWS
from tagline.pricing.machines import function_of
from tagline.scale import figures as f

_REFERENCE = 96  # pixels
_MIB, _GIB = 2**20, 2**30
_MONTH = 30  # days
_LABEL = 2  # bytes of a digit and what separates it from the next


@dataclass(frozen=True)
class Parameters:
    """The parameters of the stack that decide how much goes on at once; the template's defaults."""

    fetch_concurrency: int = 6
    pack_concurrency: int = 1
    pack_shards_per_task: int = 100
    plan_in_task_above: int = PLAN_IN_TASK_ABOVE
    most_instances: int = 4


@dataclass(frozen=True)
class Load:
    """A run to be told of: `images` are the list's rows, `labels` those of a row."""

    images: int
    labels: int
    settings: Settings
    epochs: int
    training_type: str
    evaluation_type: str
    endpoint_type: str
    views: int = 1
    image_bytes: float = f.IMAGE_BYTES.value
    """Of an image as it lies in the source, on average."""
    list_bytes: int | None = None
    """Uncompressed; None: told by the rows and labels."""
    classes: bool = False
    """Each row has one label, told by its number."""
    long_labels: bool = False
    """Labels take more than a digit each in the list."""
    stack: Parameters = field(default_factory=Parameters)

    @property
    def list_size(self) -> float:
        """Bytes of the list; a list of classes counts as if each row had all of its labels."""
        labels = self.images * _LABEL * self.labels
        if self.list_bytes is None:
            return labels + self.images * f.LIST_PATH.value
        return max(labels, self.list_bytes)

    @property
    def plan_bytes(self) -> float:
        """Bytes of memory that PlanDataset takes, the margin in it."""
        return plan_bytes(self.images, 0 if self.classes else self.labels)

    @property
    def planned_by_task(self) -> bool:
        """Whether the list is more than one Lambda plans, so that a container task does."""
        room = Room(self.stack.plan_in_task_above, function_of("PlanDataset").memory * _MIB)
        labels = 0 if self.classes else self.labels
        return (
            room.why_not(self.images, labels, list_bytes=self.list_bytes or self.list_size)
            is not None
        )

    @property
    def task_plan_bytes(self) -> float:
        """Bytes of memory that the planning task takes."""
        engine = min(self.images * f.TASK_ENGINE.value, f.TASK_ENGINE_MOST.value)
        row = f.TASK_ROW.value + self.labels / 8
        return f.TASK_MEMORY.value + engine + self.images * row

    @property
    def task_plan_disk(self) -> float:
        """Bytes of disk that the planning task takes: the list, and tables of its rows."""
        return self.list_size + self.images * f.TASK_DISK.value

    def as_known(self, rows: int) -> f.Mark:
        """Return how a figure is known that was measured up to so many rows."""
        within = self.images <= rows and self.labels <= f.MEASURED_LABELS
        return "measured" if within else "computed"

    @property
    def shard_images(self) -> int:
        """Images of a full shard."""
        return max(1, min(MAX_SHARD_ROWS, int(MAX_SHARD_BYTES / self.image_bytes)))

    @property
    def shards(self) -> int:
        """Shards of the run."""
        return math.ceil(self.images / self.shard_images)

    @property
    def fetching(self) -> int:
        """Calls of FetchShard at a time."""
        return min(self.shards, self.stack.fetch_concurrency)

    @property
    def tasks(self) -> int:
        """Packing tasks, the one that joins apart."""
        return math.ceil(self.shards / self.stack.pack_shards_per_task)

    @property
    def task_images(self) -> int:
        """Images of a full packing task."""
        return min(self.images, self.shard_images * self.stack.pack_shards_per_task)

    @property
    def lists(self) -> int:
        """Pages of a listing of the images."""
        return math.ceil(self.images / f.PAGE.value)

    @property
    def transitions(self) -> float:
        """Transitions of Step Functions that fetching takes: each shard is a child."""
        return self.shards * f.SHARD_TRANSITIONS.value

    @property
    def held(self) -> float:
        """Images that are not trained on."""
        return self.images * self.settings.split.shares.held

    @property
    def trained(self) -> float:
        """Images that are trained on."""
        return self.images - self.held

    @property
    def validated(self) -> float:
        """Images of the side validation, which every training machine has."""
        return self.images * self.settings.split.shares.validation

    @property
    def record_files(self) -> int:
        """Record files of the training channel."""
        longest = self.settings.records.file_mib * _MIB
        return max(1, math.ceil(self.trained * self.record_bytes / longest))

    @property
    def record_bytes(self) -> float:
        """Bytes of a packed image."""
        jpeg = f.JPEG_BYTES.value * (self.settings.image.size / _REFERENCE) ** 2
        return f.RECORD_START.value + f.RECORD_LABEL.value * self.labels + jpeg

    @property
    def fetched_bytes(self) -> float:
        """Bytes of the images as they are copied next to the compute."""
        return self.images * self.image_bytes

    @property
    def packed_bytes(self) -> float:
        """Bytes of the record files, those of the run and the newest set's copy."""
        return 2 * self.images * self.record_bytes

    @property
    def storage(self) -> float:
        """USD of us-east-1 that a month of both costs; what was fetched is deleted before."""
        kept = self.fetched_bytes * f.SHARD_DAYS.value / _MONTH + self.packed_bytes
        return kept / 1e9 * f.USD_PER_GB_MONTH.value

    @property
    def join_gib(self) -> float:
        """GiB of memory that JoinParts takes."""
        return (f.JOIN_START.value + self.images * f.JOIN_ROW.value) / _GIB

    @property
    def judge_gib(self) -> float:
        """GiB of memory that evaluation takes."""
        labels = (f.TRAIN_LABEL.value + f.JUDGE_LABEL.value) * self.labels
        row = f.TRAIN_ROW.value + f.JUDGE_ROW.value + labels
        return (f.TRAIN_START.value + self.held * row) / _GIB
