"""The API's routes as openapi.json has them: what each takes and answers."""

from http import HTTPStatus
from typing import Any

import msgspec

from tagline.api import documents, drift_documents, forms, images, requests

Schema = dict[str, Any]
_BAD, _UNKNOWN = HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND
_SAME: Schema = {
    "description": "What If-None-Match names is what there is",
    "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
}


def paths() -> Schema:
    """Return the routes; each GET has a HEAD, whose answers have no bodies."""
    found = _paths()
    for item in found.values():
        if "get" in item:
            item["head"] = _head(item["get"])
    return found


def _head(get: Schema) -> Schema:
    """Return the HEAD of a GET."""
    said = {
        status: {"description": HTTPStatus(int(status)).phrase, **_headers(status)}
        for status in get["responses"]
    }
    name = get["operationId"]
    return {
        **get,
        "operationId": f"head{name[0].upper()}{name[1:]}",
        "summary": f"{get['summary']}: the headers alone",
        "responses": said,
    }


def _headers(status: str) -> Schema:
    return {"headers": {"ETag": ref("headers/ETag")}} if status in {"200", "304"} else {}


def _paths() -> Schema:
    dataset, run = ref("parameters/dataset"), ref("parameters/run")
    known = ref("parameters/known")
    page = [ref("parameters/limit"), known]
    return {
        "/datasets/{dataset}/tags": {"parameters": [dataset], "post": _tagging()},
        "/datasets": {
            "get": {
                "operationId": "listDatasets",
                "summary": "List the datasets by name",
                "parameters": [ref("parameters/nextDataset"), *page],
                "responses": _known(documents.Datasets, "One page of datasets", _BAD),
            }
        },
        "/datasets/{dataset}": {
            "parameters": [dataset],
            "get": {
                "operationId": "getDataset",
                "summary": "Show a dataset: its champion, labels and row counts",
                "parameters": [known],
                "responses": _known(documents.DatasetDetails, "The dataset", _UNKNOWN),
            },
        },
        "/datasets/{dataset}/runs": {
            "parameters": [dataset],
            "get": {
                "operationId": "listRuns",
                "summary": "List a dataset's runs, newest first",
                "parameters": [ref("parameters/nextRun"), *page],
                "responses": _known(documents.Runs, "One page of runs", _BAD, _UNKNOWN),
            },
        },
        "/datasets/{dataset}/runs/{run}": {
            "parameters": [dataset, run],
            "get": {
                "operationId": "getRun",
                "summary": (
                    "Show a run: outcome, counts, metrics, and links to its report and verdicts"
                ),
                "parameters": [known],
                "responses": _known(documents.RunDetails, "The run", _UNKNOWN),
            },
        },
        "/datasets/{dataset}/drift": {
            "parameters": [dataset],
            "get": {
                "operationId": "getDrift",
                "summary": "Show whether what is tagged still is like validation",
                "parameters": [known],
                "responses": _known(drift_documents.Drift, "The last look", _UNKNOWN),
            },
        },
        "/healthz": {
            "get": {
                "operationId": "getHealth",
                "summary": "Tell whether every champion answers; a 503 names those that do not",
                "parameters": [known],
                "responses": _known(documents.Healthy, "All of them answer"),
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "getDescription",
                "summary": "This document",
                "parameters": [ref("parameters/known")],
                "responses": _open("OpenAPI 3.1", "application/json", {"type": "object"}),
            }
        },
        "/": {
            "get": {
                "operationId": "getPage",
                "summary": "A page with the datasets, their runs, and a place to drop an image",
                "parameters": [ref("parameters/known")],
                "responses": _open("The page", "text/html", {"type": "string"}),
            }
        },
        "/page/{file}": {
            "parameters": [ref("parameters/file")],
            "get": {
                "operationId": "getPageFile",
                "summary": "A script or style of the page",
                "parameters": [known],
                "responses": _file(),
            },
        },
    }


def _tagging() -> Schema:
    return {
        "operationId": "tagImage",
        "summary": "Tag an image",
        "description": (
            "Asks the dataset's champion. An image is known by its first bytes, so "
            "`curl --data-binary @image.png` needs no content type. A form of up to "
            f"{forms.MAX_IMAGES} files has a verdict on each: `curl -F a=@a.png -F b=@b.png`."
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
            {
                "name": "labels",
                "in": "query",
                "description": (
                    "Answer of these labels only, commas between them. `top_k` counts those. A "
                    "name that the model has no label of is a 400."
                ),
                "schema": {"type": "string"},
            },
            {
                "name": "explain",
                "in": "query",
                "description": (
                    "1: tags say which part of the image they hang on (`heat`). It takes the model "
                    "up to 65 times as long, and is for one image a request."
                ),
                "schema": {"type": "integer", "enum": [0, 1], "default": 0},
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
                forms.FORM: {
                    "schema": {
                        "type": "object",
                        "minProperties": 1,
                        "maxProperties": forms.MAX_IMAGES,
                        "additionalProperties": {"type": "string", "format": "binary"},
                    }
                },
                "application/json": {
                    "schema": {"oneOf": [ref("schemas/ImageLocation"), ref("schemas/InlineImage")]}
                },
            },
        },
        "responses": _one_or_many(
            "The tags, highest score first; of a form a verdict on each file",
            _BAD,
            _UNKNOWN,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
    }


def _one_or_many(description: str, *refusals: HTTPStatus) -> Schema:
    found = _of(documents.Tags, description, *refusals)
    either = {"oneOf": [ref("schemas/Tags"), ref("schemas/ManyTags")]}
    found["200"]["content"]["application/json"]["schema"] = either
    return found


def _open(description: str, media_type: str, schema: Schema) -> Schema:
    """Return the answers of what everybody may read."""
    return {"200": _tagged(answer(description, media_type, schema)), "304": _SAME}


def _file() -> Schema:
    """Return the answers of a file of the page, which everybody may read."""
    found = answer("The file", "text/javascript", {"type": "string"})
    found["content"]["text/css"] = {"schema": {"type": "string"}}
    return {"200": _tagged(found), "304": _SAME, "404": ref("responses/Problem")}


def _known(kind: type[msgspec.Struct], description: str, *refusals: HTTPStatus) -> Schema:
    """Return the answers of what a caller may have already."""
    found = _of(kind, description, *refusals)
    return dict(sorted({**found, "304": _SAME}.items()))


def _tagged(said: Schema) -> Schema:
    return {**said, "headers": {"ETag": ref("headers/ETag")}}


def _of(kind: type[msgspec.Struct], description: str, *refusals: HTTPStatus) -> Schema:
    """Return an operation's answers: a document, its refusals, and what any operation may meet."""
    problems = sorted({*refusals, HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR})
    return {
        "200": _tagged(answer(description, "application/json", ref(f"schemas/{kind.__name__}"))),
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
