"""The API's functions as one WSGI application, in the place of API Gateway."""

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import jwt
from botocore.exceptions import ClientError

from functions.curate import app as curate_app
from functions.datasets import app as datasets_app
from functions.progress import app as progress_app
from functions.tag import app as tag_app
from functions.take_feedback import app as feedback_app
from tagline.api.routes import METHODS
from tests.unit.api_world import CONTEXT

_AS_TEXT = re.compile(r"text/.*|application/(json|xml|javascript)", re.IGNORECASE)
_FUNCTIONS: dict[str, Any] = {
    "POST /datasets/{dataset}/tags": tag_app,
    "GET /datasets/{dataset}/recommendations": tag_app,
    "HEAD /datasets/{dataset}/recommendations": tag_app,
    "POST /datasets/{dataset}/lists": curate_app,
    "POST /datasets/{dataset}/orders": curate_app,
    "GET /datasets/{dataset}/runs/{run}/progress": progress_app,
    "HEAD /datasets/{dataset}/runs/{run}/progress": progress_app,
    "POST /datasets/{dataset}/feedback": feedback_app,
}
Start = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Answer one request by the function that its route belongs to."""
    event = _event(environ)
    function = _FUNCTIONS.get(event["routeKey"], datasets_app)
    answer = function.handler(event, CONTEXT)
    status = HTTPStatus(answer["statusCode"])
    start(f"{status.value} {status.phrase}", list(answer["headers"].items()))
    return [answer["body"].encode()]


def _event(environ: dict[str, Any]) -> dict[str, Any]:
    method = environ["REQUEST_METHOD"]
    path = "/" + environ["PATH_INFO"].encode("latin-1").decode(errors="replace").lstrip("/")
    path = path if path.strip("./") else "/"  # the description's server is the folder it lies in
    route, parameters = _route(method, path)
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    as_text = _AS_TEXT.fullmatch(headers.get("content-type", "").split(";")[0].strip())
    query: dict[str, str] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return {
        "routeKey": route,
        "pathParameters": parameters,
        "queryStringParameters": query,
        "headers": headers,
        "body": body.decode(errors="replace") if as_text else base64.b64encode(body).decode(),
        "isBase64Encoded": not as_text,
        "requestContext": {
            "requestId": uuid.uuid4().hex,
            "authorizer": {"jwt": {"claims": _claims(headers.get("authorization", ""))}},
            "http": {"method": method, "path": path},
        },
    }


def _claims(authorization: str) -> dict[str, Any]:
    """Return what a token says; nobody checks it here."""
    token = authorization.removeprefix("Bearer ")
    try:
        found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return {}
    return found


def _route(method: str, path: str) -> tuple[str, dict[str, str]]:
    for template, methods in METHODS.items():
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template), path, re.DOTALL)
        if found and method in methods:
            return f"{method} {template}", found.groupdict()
    return "$default", {}


class Runtime:
    """An endpoint that knows every image."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._answer = json.dumps(document).encode()

    def invoke_endpoint(self, **_asked: Any) -> dict[str, Any]:
        """Answer the same scores for any image."""
        return {"Body": _Body(self._answer)}


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> bytes:
        return self._data


class States:
    """A flow that takes every order."""

    class exceptions:  # noqa: N801 - botocore's name
        """What it may raise."""

        class ExecutionAlreadyExists(Exception):
            """There is one of that name."""

    def start_execution(self, **_asked: Any) -> None:
        """Start nothing."""

    def describe_execution(self, **_asked: Any) -> None:
        """Know none."""
        raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution")
