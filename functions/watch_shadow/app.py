"""WatchShadow: whether the challenger saw enough beside the champion, and stood it."""

from datetime import UTC, datetime

from tagline.aws import clients
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.steps import ShadowAnswer, ShadowEvent
from tagline.outcomes.shadow import watch


@step
def handler(event: ShadowEvent) -> ShadowAnswer:
    """Return whether the shadow is over; raises where the challenger may not serve."""
    bucket = Bucket(clients.s3(), event.bucket)
    return watch(event, bucket, clients.sagemaker(), clients.cloudwatch(), datetime.now(UTC))
