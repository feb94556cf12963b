"""PublishBatch: join the shards' verdicts and say how the batch ended."""

from tagline.aws import clients
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.batches.publishing import publish_batch
from tagline.formats.batch_steps import BatchEnding, PublishEvent


@step
def handler(event: PublishEvent) -> BatchEnding:
    """Publish both files, then the status."""
    logger.append_keys(batch=event.batch)
    return publish_batch(event, Bucket(clients.s3(), event.bucket))
