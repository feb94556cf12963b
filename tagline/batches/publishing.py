"""PublishBatch: the shards' files become two, in the list's order, joined on S3's side.

Neither is visible before it is whole; a document beside them says which batch they are of, and the
batch's status, written once, comes after all three.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from tagline.aws.faults import Absent, Conflict
from tagline.aws.multipart import Source, join
from tagline.aws.s3 import BINARY, JSON_LINES, Bucket, Head
from tagline.batches.recording import now_said, record_batch
from tagline.formats.batch_keys import BatchKeys, BatchList
from tagline.formats.batch_steps import BatchEnding, PublishEvent, TagShardAnswer
from tagline.formats.batches import (
    ANSWER,
    BatchOutcome,
    BatchPlan,
    BatchPublished,
    BatchShard,
    BatchStatus,
)
from tagline.formats.document import decode_record
from tagline.formats.kinds import Kind
from tagline.formats.locations import plain_etag

_AT_A_TIME = 16


class Incomplete(RuntimeError):
    """The shards do not account for every image of the batch."""


def publish_batch(event: PublishEvent, bucket: Bucket) -> BatchEnding:
    """Publish what the shards hold, then say how the batch ended; the same again when repeated.

    A newer version of the list has a batch of its own, and this one then publishes nothing.
    """
    keys = BatchKeys(event.batch)
    before = bucket.get(keys.status, BatchStatus)
    if before is not None and before.outcome != BatchOutcome.FAILED:
        return _ending(before)
    plan = bucket.read(keys.plan, BatchPlan)
    shards = _shards(bucket, keys)
    counts = [
        decode_record(head.metadata[ANSWER].encode(), TagShardAnswer, key)
        for key, head in shards.verdicts
    ]
    tagged = sum(count.tagged for count in counts)
    rejected = sum(count.rejected for count in counts)
    if tagged + rejected != plan.images:
        raise Incomplete(f"the shards hold {tagged + rejected:,} of {plan.images:,} verdicts")
    outcome, reason = BatchOutcome.TAGGED, f"{tagged:,} of {plan.images:,} {_done(plan.kind)}"
    made = BatchList.of(plan.list.key)
    if not _claimed(bucket, plan, made):
        outcome = BatchOutcome.SUPERSEDED
        reason = f"{plan.list.key} was dropped again, and that version has a batch of its own"
    _publish_claimed(bucket, made)
    published = outcome == BatchOutcome.TAGGED
    status = BatchStatus(
        batch=event.batch,
        dataset=keys.dataset,
        list=plan.list.key,
        outcome=outcome,
        state="PublishBatch",
        reason=reason,
        started=plan.started,
        ended=now_said(),
        images=plan.images,
        tagged=tagged,
        rejected=rejected,
        tags=bucket.uri(made.tags) if published else None,
        rows=bucket.uri(made.rows) if published and plan.kind is Kind.IMAGES else None,
    )
    return _ending(record_batch(bucket, status))


def _done(kind: Kind) -> str:
    return "users have recommendations" if kind is Kind.RATINGS else "images are tagged"


class _Shards(NamedTuple):
    """What the shards of a batch left, in their order."""

    verdicts: list[tuple[str, Head]]
    rows: list[tuple[str, Head]]


def _shards(bucket: Bucket, keys: BatchKeys) -> _Shards:
    shards = bucket.read_array(keys.shards, BatchShard)
    return _Shards(
        _heads(bucket, [keys.shard_verdicts(shard.shard) for shard in shards]),
        _heads(bucket, [keys.shard_rows(shard.shard) for shard in shards]),
    )


def _claimed(bucket: Bucket, plan: BatchPlan, made: BatchList) -> bool:
    """Make both files this batch's, or return False where its list was dropped again.

    The list is looked at after the claim was read, so whoever is later finds this claim and takes
    it over, or has taken it, and then the write fails.
    """
    while True:
        found = bucket.find(made.published, BatchPublished)
        now = bucket.head(plan.list.key)
        if now is not None and plain_etag(now.etag) != plan.list.etag:
            return False
        if found and found.content.batch == plan.batch:
            return True
        with suppress(Conflict):  # another version of the list: the look at it decides
            claim = BatchPublished(batch=plan.batch)
            bucket.write_over(made.published, claim, found.etag if found else None)
            return True


def _publish_claimed(bucket: Bucket, made: BatchList) -> None:
    """Make both files those of the batch that claimed them, until no other one has meanwhile.

    Of two batches of one name that publish at once, the one that ends last leaves both whole.
    """
    before = None
    while (found := bucket.get(made.published, BatchPublished)) and found != before:
        shards = _shards(bucket, BatchKeys(found.batch))
        _publish(bucket, shards.rows, made.rows, BINARY)
        _publish(bucket, shards.verdicts, made.tags, JSON_LINES)
        before = found


def _heads(bucket: Bucket, keys: Sequence[str]) -> list[tuple[str, Head]]:
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        found = list(zip(keys, pool.map(bucket.head, keys), strict=True))
    heads = [(key, head) for key, head in found if head is not None]
    if len(heads) < len(keys):
        missing = next(key for key, head in found if head is None)
        raise Absent(f"{bucket.uri(missing)} is missing: its shard was not tagged")
    return heads


def _publish(
    bucket: Bucket, parts: Sequence[tuple[str, Head]], target: str, content_type: str
) -> None:
    sources = [Source(key, head.size, head.etag) for key, head in parts]
    if any(source.size for source in sources):
        join(bucket, sources, target, content_type)
    else:
        bucket.put(target, b"", content_type)


def _ending(status: BatchStatus) -> BatchEnding:
    return BatchEnding(
        outcome=status.outcome,
        tagged=status.tagged,
        rejected=status.rejected,
        reason=status.reason,
    )
