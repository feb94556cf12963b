"""POST …/tags: images in, their tags out. GET …/recommendations: items for a user."""

import functools
from functools import partial

from tagline.api import clients
from tagline.api.boundary import http_api
from tagline.api.bucket import DataBucket
from tagline.api.champions import Champions
from tagline.api.documents import Tags
from tagline.api.endpoint import ask
from tagline.api.forms import FORM, files_of
from tagline.api.images import Image, requested_image
from tagline.api.problem import Answer, bad_request, json_answer
from tagline.api.recommending import History, RecommendQuery, UserHistories, recommend
from tagline.api.requests import Request, TagQuery, unpacked
from tagline.api.sampling import Samples
from tagline.api.several import tags_of_several
from tagline.api.tagging import named_labels, tags_document
from tagline.aws.environment import environment
from tagline.aws.observability import logger, metrics
from tagline.aws.s3 import Bucket
from tagline.drift.counting import Counting
from tagline.formats.kinds import Kind
from tagline.formats.locations import Location
from tagline.formats.models import ImageScores

RECOMMENDATIONS = "GET /datasets/{dataset}/recommendations"


@functools.cache
def champions() -> Champions:
    """Return what this container remembers of champions and thresholds."""
    return Champions(DataBucket(clients.s3(), environment().data_bucket), environment().stack)


@functools.cache
def samples() -> Samples:
    """Return what keeps images of requests, where datasets ask for it."""
    return Samples(Bucket(clients.hasty_s3(), environment().data_bucket))


def may_lie_at(dataset: str, run: str, place: Location) -> bool:
    """Tell whether an s3_uri may point there: below the dataset, or below its champion's source."""
    if place.below(Location(environment().data_bucket, f"{dataset}/")):
        return True
    source = champions().source(run)
    known = source is not None and source.bucket in environment().source_buckets
    return known and source is not None and place.below(source)


@functools.cache
def counting() -> Counting:
    """Return what this container counts of its answers, for drift."""
    return Counting(DataBucket(clients.s3(), environment().data_bucket))


def count(dataset: str, image: Image, model: ImageScores) -> None:
    """Count an answer for drift; no answer fails of it."""
    try:
        known, run = champions(), model.run
        counting().count(dataset, model, known.thresholds(run), image.data, known.task(run))
    except Exception:  # noqa: BLE001 - whatever it is, the caller has an answer; logged, counted
        logger.exception("an answer was not counted for drift")
        metrics.add_metric(name="NotCounted", unit="Count", value=1)


def tags_of(dataset: str, endpoint: str, query: TagQuery, image: Image) -> Tags:
    """Ask an endpoint for an image's scores; return the tags that reach their thresholds."""
    model = ask(clients.runtime(), endpoint, dataset, image, explain=query.explain)
    thresholds = champions().limits(model.run) if query.threshold is None else query.threshold
    wanted = None if query.labels is None else named_labels(query.labels, model.labels)
    task = champions().task(model.run)
    answer = tags_document(dataset, model, task, thresholds, top_k=query.top_k, wanted=wanted)
    logger.info("tagged an image", run=model.run, bytes=len(image.data), tags=len(answer.tags))
    metrics.add_metric(name="TagsPerImage", unit="Count", value=len(answer.tags))
    samples().consider(dataset, image, model, unsure=answer.unsure)
    count(dataset, image, model)
    return answer


@functools.cache
def histories() -> UserHistories:
    """Return what this container remembers of users' histories."""
    return UserHistories(DataBucket(clients.s3(), environment().data_bucket))


def recommendations(request: Request) -> Answer:
    """Answer what the dataset's champion recommends to the user, or by the items named."""
    dataset, query = request.dataset(), RecommendQuery.of(request.query)
    champion = champions().of(dataset, Kind.RATINGS)
    history = histories().of(champion.run, query.user) if query.user else History()
    found = recommend(clients.runtime(), champion.endpoint, dataset, query, history)
    logger.info("recommended", run=found.model.run, basis=found.basis)
    metrics.add_metric(name="Recommendations", unit="Count", value=len(found.recommendations))
    return json_answer(found)


@http_api
def handler(request: Request) -> Answer:
    """Answer the tags that the dataset's champion gives the image, or each of a form's images."""
    if request.route == RECOMMENDATIONS:
        return recommendations(request)
    dataset, query = request.dataset(), TagQuery.of(request.query)
    champion = champions().of(dataset)
    tag = partial(tags_of, dataset, champion.endpoint, query)
    body = unpacked(request.body())
    if request.media_type == FORM:
        if query.explain:
            raise bad_request("bad_query", "explain is for one image a request.")
        files = files_of(body, request.headers["content-type"])
        return json_answer(tags_of_several(dataset, files, tag, request.request_id))
    allowed = partial(may_lie_at, dataset, champion.run)
    return json_answer(tag(requested_image(request, body, clients.s3(), allowed)))
