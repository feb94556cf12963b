"""The API's routes as openapi.json has them: what each takes and answers."""

from http import HTTPStatus

from tagline.api import (
    devices_documents,
    documents,
    drift_documents,
    forms,
    images,
    requests,
    sign_in_documents,
)
from tagline.api.run_documents import RunDetails
from tools.docs.answers import (
    BAD,
    UNKNOWN,
    Schema,
    known,
    of,
    of_all,
    of_file,
    of_signing_in,
    ref,
)
from tools.docs.curators import curator_paths
from tools.docs.feedback import feedback_paths
from tools.docs.recommending import recommending_paths


def paths() -> Schema:
    """Return the routes; each GET has a HEAD, whose answers have no bodies."""
    found = _paths() | curator_paths()
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
    have = ref("parameters/known")
    page = [ref("parameters/limit"), have]
    return {
        "/datasets/{dataset}/tags": {"parameters": [dataset], "post": _tagging()},
        **recommending_paths(),
        **feedback_paths(),
        "/datasets": {
            "get": {
                "operationId": "listDatasets",
                "summary": "List the datasets by name",
                "parameters": [ref("parameters/nextDataset"), *page],
                "responses": known(documents.Datasets, "One page of datasets", BAD),
            }
        },
        "/datasets/{dataset}": {
            "parameters": [dataset],
            "get": {
                "operationId": "getDataset",
                "summary": "Show a dataset: its champion, labels and row counts",
                "parameters": [have],
                "responses": known(documents.DatasetDetails, "The dataset", UNKNOWN),
            },
        },
        "/datasets/{dataset}/runs": {
            "parameters": [dataset],
            "get": {
                "operationId": "listRuns",
                "summary": "List a dataset's runs, newest first",
                "parameters": [ref("parameters/nextRun"), *page],
                "responses": known(documents.Runs, "One page of runs", BAD, UNKNOWN),
            },
        },
        "/datasets/{dataset}/runs/{run}": {
            "parameters": [dataset, run],
            "get": {
                "operationId": "getRun",
                "summary": (
                    "Show a run: outcome, counts, metrics, and links to its report and verdicts"
                ),
                "parameters": [have],
                "responses": known(RunDetails, "The run", UNKNOWN),
            },
        },
        "/datasets/{dataset}/devices": {
            "parameters": [dataset],
            "get": {
                "operationId": "getDevices",
                "summary": "Show the devices that run a dataset's model, and frames to label",
                "parameters": [have],
                "responses": known(devices_documents.Devices, "The devices", UNKNOWN),
            },
        },
        "/datasets/{dataset}/drift": {
            "parameters": [dataset],
            "get": {
                "operationId": "getDrift",
                "summary": "Show whether what is tagged still is like validation",
                "parameters": [have],
                "responses": known(drift_documents.Drift, "The last look", UNKNOWN),
            },
        },
        "/healthz": {
            "get": {
                "operationId": "getHealth",
                "summary": "Tell whether every champion answers; a 503 names those that do not",
                "parameters": [have],
                "responses": known(documents.Healthy, "All of them answer"),
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "getDescription",
                "summary": "This document",
                "parameters": [ref("parameters/known")],
                "responses": of_all("OpenAPI 3.1", "application/json", {"type": "object"}),
            }
        },
        "/": {
            "get": {
                "operationId": "getPage",
                "summary": "A page with the datasets, their runs, and a place to drop an image",
                "parameters": [ref("parameters/known")],
                "responses": of_all("The page", "text/html", {"type": "string"}),
            }
        },
        "/sign-in": {
            "get": {
                "operationId": "getSignIn",
                "summary": "Tell how a person comes to be let in",
                "parameters": [have],
                "responses": of_signing_in(sign_in_documents.SignIn),
            }
        },
        "/page/{file}": {
            "parameters": [ref("parameters/file")],
            "get": {
                "operationId": "getPageFile",
                "summary": "A script or style of the page",
                "parameters": [have],
                "responses": of_file(),
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
            BAD,
            UNKNOWN,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
    }


def _one_or_many(description: str, *refusals: HTTPStatus) -> Schema:
    found = of(documents.Tags, description, *refusals)
    either = {"oneOf": [ref("schemas/Tags"), ref("schemas/ManyTags")]}
    found["200"]["content"]["application/json"]["schema"] = either
    return found
