"""GET /datasets and below, the API's description, and the page that shows them."""

import functools
from pathlib import Path

from tagline.api import clients
from tagline.api.boundary import http_api, reach_of
from tagline.api.bucket import DataBucket
from tagline.api.catalog import Catalog
from tagline.api.page import page_answer
from tagline.api.problem import Answer, json_answer
from tagline.api.requests import Page, Request
from tagline.api.routes import unknown_route
from tagline.aws.environment import environment
from tagline.formats.names import RUN

HERE = Path(__file__).parent
KEPT = "private, no-cache"  # a browser's own cache may keep it, and asks whether it is the same


@functools.cache
def catalog() -> Catalog:
    """Return what this container knows of the data bucket."""
    return Catalog(DataBucket(clients.s3(), environment().data_bucket))


@functools.cache
def description() -> Answer:
    """Return the OpenAPI document."""
    text = (HERE / "openapi.json").read_text(encoding="utf-8")
    return Answer(text, headers={"Cache-Control": "public, max-age=300"})


@functools.cache
def page() -> Answer:
    """Return the page."""
    return page_answer((HERE / "index.html").read_text(encoding="utf-8"))


@http_api
def handler(request: Request) -> Answer:
    """Answer one GET, or what no other route is for; API Gateway has matched the route."""
    match request.route:
        case "GET /":
            return page()
        case "GET /openapi.json":
            return description()
        case "GET /datasets":
            sees = reach_of(request).holds
            return json_answer(catalog().datasets(Page.of(request.query), sees), KEPT)
        case "GET /datasets/{dataset}":
            return json_answer(catalog().dataset(request.dataset()), KEPT)
        case "GET /datasets/{dataset}/runs":
            part = Page.of(request.query, RUN)
            return json_answer(catalog().runs(request.dataset(), part), KEPT)
        case "GET /datasets/{dataset}/runs/{run}":
            return json_answer(catalog().run(request.run()))
        case _:
            raise unknown_route(request.method, request.place)
