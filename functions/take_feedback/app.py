"""POST /datasets/{dataset}/feedback: what people say of an image's tags, kept."""

import functools
from http import HTTPStatus

from tagline.api import clients
from tagline.api.boundary import http_api
from tagline.api.bucket import DataBucket
from tagline.api.feedback import asked_feedback, correction_of, feedback_taken
from tagline.api.feedback_images import Images
from tagline.api.feedback_world import check_run, standing
from tagline.api.problem import Answer, json_answer, unavailable
from tagline.api.requests import Request, unpacked
from tagline.aws.environment import environment
from tagline.aws.observability import logger, metrics
from tagline.feedback.recording import Crowded, record


@functools.cache
def bucket() -> DataBucket:
    """Return the data bucket."""
    return DataBucket(clients.s3(), environment().data_bucket)


@http_api
def handler(request: Request) -> Answer:
    """Keep a correction of an image's tags; answer it with its name."""
    here, dataset = environment(), request.dataset()
    asked = asked_feedback(unpacked(request.body()))
    now = standing(bucket(), dataset, here.source_buckets)
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
