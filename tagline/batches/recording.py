"""A batch's status.json: how it ended, written once."""

from datetime import UTC, datetime

from tagline.aws.faults import Conflict
from tagline.aws.s3 import Bucket
from tagline.formats.batch_keys import BatchKeys
from tagline.formats.batches import BatchOutcome, BatchStatus


def record_batch(bucket: Bucket, status: BatchStatus) -> BatchStatus:
    """Write how a batch ended, once; return what is recorded.

    A batch that was recorded as failed, was resumed and came to its end is recorded anew.
    """
    key = BatchKeys(status.batch).status
    found = bucket.find(key, BatchStatus)
    if found is not None and found.content.outcome != BatchOutcome.FAILED:
        return found.content
    try:
        bucket.write_over(key, status, found.etag if found else None)
    except Conflict:
        return bucket.read(key, BatchStatus)
    return status


def now_said() -> str:
    """Return this moment as status documents have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
