"""GET /datasets/{dataset}/runs/{run}/progress: the states, jobs and epochs of a run."""

import functools

from tagline.api import clients
from tagline.api.boundary import http_api
from tagline.api.bucket import DataBucket
from tagline.api.problem import Answer, json_answer
from tagline.api.progress import Flow, Progresses
from tagline.api.requests import Request, only
from tagline.aws.environment import environment

KEPT = "private, no-cache"  # a browser's own cache may keep it, and asks whether it is the same


@functools.cache
def progresses() -> Progresses:
    """Return what this container knows of runs."""
    here = environment()
    flow = Flow(
        clients.states(), clients.sagemaker(), clients.logs(), here.stack, here.state_machine
    )
    return Progresses(DataBucket(clients.s3(), here.data_bucket), flow)


@http_api
def handler(request: Request) -> Answer:
    """Answer how the run goes."""
    only(request.query, "execution")
    return json_answer(progresses().of(request.run(), request.query.get("execution")), KEPT)
