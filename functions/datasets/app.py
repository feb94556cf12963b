"""GET /datasets and below, /healthz, the API's description, and the page that shows them."""

import functools
from pathlib import Path

from tagline.api import clients
from tagline.api.boundary import http_api, reach_of
from tagline.api.bucket import DataBucket
from tagline.api.catalog import Catalog
from tagline.api.comparing import compare, two_runs
from tagline.api.conditional import linking
from tagline.api.devices import devices
from tagline.api.documents import Part
from tagline.api.drift import last_drift
from tagline.api.health import Healths
from tagline.api.history import champions, lists
from tagline.api.page import file_answer, page_answer
from tagline.api.problem import Answer, Problem, json_answer
from tagline.api.requests import Page, Request
from tagline.api.routes import unknown_route
from tagline.api.rows import asked_run, rows
from tagline.api.signing_in import SigningIn
from tagline.aws.environment import environment
from tagline.formats.names import RUN
from tagline.serving.endpoints import health

HERE = Path(__file__).parent
PAGE = HERE / "page"
KEPT = "private, no-cache"  # a browser's own cache may keep it, and asks whether it is the same


@functools.cache
def bucket() -> DataBucket:
    """Return the data bucket."""
    return DataBucket(clients.s3(), environment().data_bucket)


@functools.cache
def catalog() -> Catalog:
    """Return what this container knows of the data bucket."""
    return Catalog(bucket())


@functools.cache
def healths() -> Healths:
    """Return what this container knows of the champions' endpoints."""
    return Healths(bucket(), clients.sagemaker(), environment().stack)


@functools.cache
def description() -> Answer:
    """Return the OpenAPI document."""
    text = (HERE / "openapi.json").read_text(encoding="utf-8")
    return Answer(text, headers={"Cache-Control": "public, max-age=300"})


@functools.cache
def signing_in() -> SigningIn:
    """Return what this container knows of signing in."""
    here = environment()
    return SigningIn(here.api_auth, here.jwt_issuer, here.jwt_client_id, here.jwt_scopes)


def page() -> Answer:
    """Return the page, which may upload to the data bucket, show its images, ask for tokens."""
    uploads = bucket().origin()
    try:
        return page_answer(PAGE, (uploads, *signing_in().origins()), images=uploads)
    except Problem:  # logged; the page shows it as the answer of /sign-in
        return page_answer(PAGE, (uploads,), images=uploads)


@http_api
def handler(request: Request) -> Answer:
    """Answer one GET, or what no other route is for; API Gateway has matched the route."""
    match request.route:
        case "GET /" | "GET /page/{file}" | "GET /sign-in" | "GET /openapi.json":
            return frame(request)
        case "GET /healthz":
            return json_answer(healths().check(reach_of(request).holds))
        case _:
            return linking(document(request), KEPT)


def frame(request: Request) -> Answer:
    """Return what everybody may read: it tells of nobody's data."""
    match request.route:
        case "GET /page/{file}":
            return file_answer(PAGE, request.path["file"])
        case "GET /sign-in":
            return json_answer(signing_in().document(), "no-cache")
        case "GET /openapi.json":
            return description()
        case _:
            return page()


def document(request: Request) -> Part:
    """Return what a route answers that a browser may ask for again by its ETag."""
    match request.route:
        case "GET /datasets":
            return catalog().datasets(Page.of(request.query), reach_of(request).holds)
        case "GET /datasets/{dataset}":
            look = functools.partial(health, clients.sagemaker())
            refusal = reach_of(request).refusal(request.dataset())
            return catalog().dataset(request.dataset(), look, refusal.detail if refusal else None)
        case "GET /datasets/{dataset}/runs":
            return catalog().runs(request.dataset(), Page.of(request.query, RUN))
        case "GET /datasets/{dataset}/runs/{run}":
            return catalog().run(request.run())
        case "GET /datasets/{dataset}/drift":
            return last_drift(bucket(), request.dataset())
        case _:
            return curated(request)


def curated(request: Request) -> Part:
    """Return what a route answers that curators ask: of runs together, of rows, of the past."""
    match request.route:
        case "GET /datasets/{dataset}/champions":
            dataset = catalog().known(request.dataset())
            return champions(bucket(), dataset, environment().stack)
        case "GET /datasets/{dataset}/compare":
            asked = two_runs(request.query)
            return compare(catalog(), bucket(), catalog().known(request.dataset()), asked)
        case "GET /datasets/{dataset}/rows":
            run = asked_run(request.query, request.dataset())
            return rows(catalog(), bucket(), catalog().known(request.dataset()), run)
        case "GET /datasets/{dataset}/devices":
            return devices(bucket(), request.dataset())
        case "GET /datasets/{dataset}/lists":
            return lists(bucket(), catalog().known(request.dataset()))
        case _:
            raise unknown_route(request.method, request.place)
