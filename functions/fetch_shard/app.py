"""FetchShard: copy one shard's images next to the compute, one verdict a row."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from tagline.aws.environment import environment
from tagline.aws.observability import logger, metrics
from tagline.aws.step import step
from tagline.fetching.arriving import WORKERS
from tagline.fetching.image import image_client
from tagline.fetching.shard import fetch_shard
from tagline.formats.steps import FetchAnswer, FetchEvent

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MARGIN_SECONDS = 35.0  # kept for the images on their way, and for the upload of the shard


@functools.cache
def client() -> "S3Client":
    """Return this container's client."""
    return image_client(WORKERS)


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Fetch a shard, or as much of it as the function's own time allows; `left` tells the rest.

    Raises ShardOutOfTime where that was not one image.
    """

    def work(event: FetchEvent) -> FetchAnswer:
        logger.append_keys(shard=event.shard)
        answer = fetch_shard(event, client(), seconds_left, environment().source_buckets)
        if not answer.left:  # the answer tells of all calls that the shard took
            metrics.add_metric("ImagesFetched", MetricUnit.Count, answer.fetched)
            metrics.add_metric("BytesFetched", MetricUnit.Bytes, answer.bytes)
        return answer

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS

    return step(work)(event, context)
