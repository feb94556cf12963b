"""TagShard: fetch a shard's images and ask the champion for their tags, one verdict each."""

import functools
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from tagline.api import clients
from tagline.api.bucket import DataBucket
from tagline.api.champions import Champions
from tagline.api.recommending import UserHistories
from tagline.aws.environment import environment
from tagline.aws.observability import logger, metrics
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.batches.tagging import WORKERS, Tagger, tag_shard
from tagline.fetching.image import image_client
from tagline.formats.batch_steps import TagShardAnswer, TagShardEvent

MARGIN_SECONDS = 20.0  # kept for the images on their way, and for the verdicts


@functools.cache
def tagger() -> Tagger:
    """Return this container's clients, and what it remembers of champions and thresholds."""
    here = environment()
    client = image_client(WORKERS)
    lying = DataBucket(client, here.data_bucket)
    champions, histories = Champions(lying, here.stack), UserHistories(lying)
    bucket = Bucket(client, here.data_bucket)
    return Tagger(bucket, clients.runtime(), champions, histories, here.source_buckets)


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Tag a shard; raises ShardOutOfTime where the endpoint stays busy."""

    def work(event: TagShardEvent) -> TagShardAnswer:
        logger.append_keys(batch=event.batch, shard=event.shard)
        answer = tag_shard(event, tagger(), seconds_left)
        metrics.add_metric("ImagesTagged", MetricUnit.Count, answer.tagged)
        metrics.add_metric("ImagesNotTagged", MetricUnit.Count, answer.rejected)
        return answer

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS

    return step(work)(event, context)
