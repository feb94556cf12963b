"""POST /datasets/{dataset}/tags: an image in, its tags out."""

import functools

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


def allowed_prefixes(dataset: str) -> set[Location]:
    """Return where an s3_uri may point: where the dataset's lists may."""
    own = Location(environment().data_bucket, f"{dataset}/")
    return {own, *(Location(bucket, "") for bucket in environment().source_buckets)}


@http_api
def handler(request: Request) -> Answer:
    """Ask the dataset's champion and answer the tags that reach their thresholds."""
    dataset, query = request.dataset(), TagQuery.of(request.query)
    champion = champions().of(dataset)
    image = requested_image(request, clients.s3(), allowed_prefixes(dataset))
    model = ask(clients.runtime(), champion.endpoint, dataset, image)
    thresholds = champions().thresholds(model.run) if query.threshold is None else query.threshold
    tags = choose_tags(model.labels, model.scores, thresholds, query.top_k)
    logger.info("tagged an image", run=model.run, bytes=len(image.data), tags=len(tags))
    metrics.add_metric(name="TagsPerImage", unit="Count", value=len(tags))
    return json_answer(tags_document(dataset, model, tags))
