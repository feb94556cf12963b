"""The API's routes as openapi.json has them: what each takes and answers."""

from http import HTTPStatus
from typing import Any

import msgspec

from tagline.api import documents, images, requests

Schema = dict[str, Any]
_BAD, _UNKNOWN = HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND


def paths() -> Schema:
    """Return the routes."""
    dataset, run = ref("parameters/dataset"), ref("parameters/run")
    page = [ref("parameters/limit"), ref("parameters/next")]
    return {
        "/datasets/{dataset}/tags": {"parameters": [dataset], "post": _tagging()},
        "/datasets": {
            "get": {
                "operationId": "listDatasets",
                "summary": "List the datasets by name",
                "parameters": page,
                "responses": _of(documents.Datasets, "One page of datasets", _BAD),
            }
        },
        "/datasets/{dataset}": {
            "parameters": [dataset],
            "get": {
                "operationId": "getDataset",
                "summary": "Show a dataset: its champion, labels and row counts",
                "responses": _of(documents.DatasetDetails, "The dataset", _UNKNOWN),
            },
        },
        "/datasets/{dataset}/runs": {
            "parameters": [dataset],
            "get": {
                "operationId": "listRuns",
                "summary": "List a dataset's runs, newest first",
                "parameters": page,
                "responses": _of(documents.Runs, "One page of runs", _BAD, _UNKNOWN),
            },
        },
        "/datasets/{dataset}/runs/{run}": {
            "parameters": [dataset, run],
            "get": {
                "operationId": "getRun",
                "summary": (
                    "Show a run: outcome, counts, metrics, and links to its report and verdicts"
                ),
                "responses": _of(documents.RunDetails, "The run", _UNKNOWN),
            },
        },
        "/openapi.json": {
            "get": {
                "operationId": "getDescription",
                "summary": "This document",
                "responses": {"200": answer("OpenAPI 3.1", "application/json", {"type": "object"})},
            }
        },
        "/": {
            "get": {
                "operationId": "getPage",
                "summary": "A page with the datasets, their runs, and a place to drop an image",
                "responses": {"200": answer("The page", "text/html", {"type": "string"})},
            }
        },
    }


def _tagging() -> Schema:
    return {
        "operationId": "tagImage",
        "summary": "Tag an image",
        "description": (
            "Asks the dataset's champion. An image is known by its first bytes, so "
            "`curl --data-binary @image.png` needs no content type."
        ),
        "parameters": [
            {
                "name": "threshold",
                "in": "query",
                "description": (
                    "Score from which a label is a tag, for all labels. Without it each label has "
                    "the threshold its model's evaluation chose."
                ),
                "schema": ref("schemas/Score"),
            },
            {
                "name": "top_k",
                "in": "query",
                "description": "Answer this many tags at most, those with the highest scores.",
                "schema": {"type": "integer", "minimum": 1, "maximum": requests.MAX_TOP_K},
            },
        ],
        "requestBody": {
            "required": True,
            "description": (
                f"An image of at most {requests.MAX_BODY_BYTES:,} bytes, or the place of one of at "
                f"most {images.MAX_IMAGE_BYTES >> 20} MiB below the dataset in the data bucket, or "
                "below the dataset's source."
            ),
            "content": {
                "image/png": {},
                "image/jpeg": {},
                "image/webp": {},
                "application/octet-stream": {},
                "application/json": {
                    "schema": {"oneOf": [ref("schemas/ImageLocation"), ref("schemas/InlineImage")]}
                },
            },
        },
        "responses": _of(
            documents.Tags,
            "The tags, highest score first",
            _BAD,
            _UNKNOWN,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
    }


def _of(kind: type[msgspec.Struct], description: str, *refusals: HTTPStatus) -> Schema:
    """Return an operation's answers: a document, its refusals, and what any operation may meet."""
    problems = sorted({*refusals, HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR})
    return {
        "200": answer(description, "application/json", ref(f"schemas/{kind.__name__}")),
        "401": ref("responses/Unauthorized"),
        **{str(int(status)): ref("responses/Problem") for status in problems},
        str(int(HTTPStatus.SERVICE_UNAVAILABLE)): ref("responses/Unavailable"),
    }


def answer(description: str, media_type: str, schema: Schema) -> Schema:
    """Return an answer of one media type."""
    return {"description": description, "content": {media_type: {"schema": schema}}}


def ref(name: str) -> Schema:
    """Return a reference to a component such as `schemas/Score`."""
    return {"$ref": f"#/components/{name}"}
