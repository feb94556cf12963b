"""How much a run is: what follows from the images, the labels, the settings and the stack."""

import math
from dataclasses import dataclass, field

from tagline.formats.settings import Settings
from tagline.jobs.limits import trials_of
from tagline.planning.room import PLAN_IN_TASK_ABOVE, Room, plan_bytes
from tagline.planning.sharding import MAX_SHARD_BYTES, MAX_SHARD_ROWS
from tagline.pricing.learning import images_of_96_pixels
from tagline.pricing.machines import function_of
from tagline.scale import figures as f

_REFERENCE = 96  # pixels
_GIB = 2**30
_LABEL = 2  # bytes of a digit and what separates it from the next


@dataclass(frozen=True)
class Parameters:
    """The parameters of the stack that decide how much goes on at once; the template's defaults."""

    fetch_concurrency: int = 6
    pack_concurrency: int = 1
    pack_shards_per_task: int = 100


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
        return plan_bytes(self.images, self.labels)

    @property
    def in_function(self) -> bool:
        """Whether PlanDataset plans it itself, and no container task."""
        room = Room(PLAN_IN_TASK_ABOVE, function_of("PlanDataset").memory << 20)
        return room.why_not(self.images, self.labels) is None

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
    def held(self) -> float:
        """Images that are not trained on."""
        return self.images * self.settings.split.shares.held

    @property
    def trained(self) -> float:
        """Images that are trained on."""
        return self.images - self.held

    @property
    def record_bytes(self) -> float:
        """Bytes of a packed image."""
        jpeg = f.JPEG_BYTES.value * (self.settings.image.size / _REFERENCE) ** 2
        return f.RECORD_START.value + f.RECORD_LABEL.value * self.labels + jpeg

    @property
    def learning(self) -> float:
        """Seconds of one machine that a training job takes to learn."""
        cost = images_of_96_pixels(self.settings.image.size)
        return self.epochs * self.trained * cost / f.LEARNED.value

    @property
    def machines(self) -> int:
        """Training machines at a time."""
        tuning = self.settings.tuning
        parallel = min(tuning.max_parallel_jobs, tuning.max_jobs) if tuning else 1
        return parallel * self.settings.training.instance_count

    @property
    def rounds(self) -> int:
        """Training jobs, one after the other."""
        tuning = self.settings.tuning
        return math.ceil(trials_of(self.settings) / tuning.max_parallel_jobs) if tuning else 1

    @property
    def join_gib(self) -> float:
        """GiB of memory that JoinParts takes."""
        return self.images * f.JOIN_ROW.value / _GIB

    @property
    def train_gib(self) -> float:
        """GiB of memory that a training machine takes, beside images that it keeps decoded."""
        row = f.TRAIN_ROW.value + f.TRAIN_LABEL.value * self.labels
        return self.images * row / _GIB  # train and validation lie on every machine

    @property
    def judge_gib(self) -> float:
        """GiB of memory that evaluation takes."""
        label = f.TRAIN_LABEL.value + f.JUDGE_LABEL.value
        return self.held * (f.TRAIN_ROW.value + label * self.labels) / _GIB
