"""POST /datasets/{dataset}/tags: an image in, its tags out."""

import functools
from functools import partial

from tagline.api import clients
from tagline.api.boundary import http_api
from tagline.api.bucket import DataBucket
from tagline.api.champions import Champions
from tagline.api.endpoint import ask
from tagline.api.images import requested_image
from tagline.api.problem import Answer, json_answer
from tagline.api.requests import Request, TagQuery
from tagline.api.tagging import choose_tags, tags_document
from tagline.aws.environment import environment
from tagline.aws.observability import logger, metrics
from tagline.formats.locations import Location


@functools.cache
def champions() -> Champions:
    """Return what this container remembers of champions and thresholds."""
    return Champions(DataBucket(clients.s3(), environment().data_bucket), environment().stack)


def may_lie_at(dataset: str, run: str, place: Location) -> bool:
    """Tell whether an s3_uri may point there: below the dataset, or below its champion's source."""
    if place.below(Location(environment().data_bucket, f"{dataset}/")):
        return True
    source = champions().source(run)
    known = source is not None and source.bucket in environment().source_buckets
    return known and source is not None and place.below(source)


@http_api
def handler(request: Request) -> Answer:
    """Ask the dataset's champion and answer the tags that reach their thresholds."""
    dataset, query = request.dataset(), TagQuery.of(request.query)
    champion = champions().of(dataset)
    image = requested_image(request, clients.s3(), partial(may_lie_at, dataset, champion.run))
    model = ask(clients.runtime(), champion.endpoint, dataset, image)
    thresholds = champions().thresholds(model.run) if query.threshold is None else query.threshold
    tags = choose_tags(model.labels, model.scores, thresholds, query.top_k)
    logger.info("tagged an image", run=model.run, bytes=len(image.data), tags=len(tags))
    metrics.add_metric(name="TagsPerImage", unit="Count", value=len(tags))
    return json_answer(tags_document(dataset, model, tags))
