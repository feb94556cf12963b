"""POST /datasets/{dataset}/feedback: what people say of an image's tags, or choose, kept."""

import functools
from http import HTTPStatus

from tagline.api import clients
from tagline.api.boundary import http_api
from tagline.api.bucket import DataBucket
from tagline.api.clicks import is_click, take_click
from tagline.api.feedback import asked_feedback, correction_of, feedback_taken
from tagline.api.feedback_images import Images
from tagline.api.feedback_world import check_run, standing
from tagline.api.problem import Answer, json_answer, other_kind, unavailable
from tagline.api.requests import Request, unpacked
from tagline.aws.environment import environment
from tagline.aws.observability import logger, metrics
from tagline.feedback.recording import Crowded, record
from tagline.formats.kinds import Kind


@functools.cache
def bucket() -> DataBucket:
    """Return the data bucket."""
    return DataBucket(clients.s3(), environment().data_bucket)


@http_api
def handler(request: Request) -> Answer:
    """Keep a correction of an image's tags, or a click; answer it with its name."""
    here, dataset, body = environment(), request.dataset(), unpacked(request.body())
    if is_click(body):
        taken = take_click(bucket(), request, body, here.api_auth)
        metrics.add_metric(name="Clicks", unit="Count", value=0 if taken.repeated else 1)
        return json_answer(taken, status=HTTPStatus.CREATED)
    asked = asked_feedback(body)
    now = standing(bucket(), dataset, here.source_buckets)
    if now.plan.kind is Kind.RATINGS:
        raise other_kind(dataset, now.plan.kind, "feedback")
    check_run(bucket(), asked.run, now)
    correction = correction_of(asked, request, here.api_auth, now)
    image = Images(bucket(), now.plan, now.source, here.source_buckets).meant(asked)
    try:
        kept = record(bucket(), correction(image))
    except Crowded as exc:
        raise unavailable("busy", f"{exc}; try again.", 1) from exc
    logger.info("kept a correction", key=kept.key, repeated=kept.repeated)
    metrics.add_metric(name="Corrections", unit="Count", value=0 if kept.repeated else 1)
    return json_answer(feedback_taken(kept), status=HTTPStatus.CREATED)
