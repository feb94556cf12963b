"""What the state machine of batches hands to its functions, and what they answer."""

from tagline.formats.batches import BatchOutcome
from tagline.formats.document import Record
from tagline.formats.plan import DroppedList
from tagline.formats.rows import Size
from tagline.formats.steps import ShardName


class BatchEvent(Record):
    """What every step of a batch is told: the data bucket and the batch."""

    bucket: str
    batch: str


class BatchInput(BatchEvent):
    """The input of a batch's execution: its dataset, and the version of the list."""

    dataset: str
    list: DroppedList
    started: str
    """ISO 8601, UTC."""


class BatchPlanAnswer(Record):
    """PlanBatch: small facts, never rows."""

    images: Size
    rejected: Size
    shards: Size
    shards_key: str


class TagShardEvent(BatchEvent):
    """TagShard: which shard."""

    shard: ShardName


class TagShardAnswer(Record):
    """TagShard: what became of a shard."""

    shard: str
    tagged: Size
    rejected: Size


class PublishEvent(BatchEvent):
    """PublishBatch."""


class BatchEnding(Record):
    """PublishBatch: how the batch ended, in short."""

    outcome: BatchOutcome
    tagged: Size
    rejected: Size
    reason: str
