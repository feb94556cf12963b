"""InvokeEndpoint: `POST /endpoints/<name>/invocations`, passed on to the model's server."""

import json
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

from local.sagemaker.deployment import LOG_GROUP
from local.sagemaker.endpoints import Endpoints
from local.sagemaker.errors import SageMakerError
from local.sagemaker.invocations import Invocations
from local.sagemaker.server import INVOCATION_LIMIT_S, LARGEST_REPLY, Reply, Server, ServerFailed

LARGEST_BODY = 6 * 2**20
LARGEST_SERVERLESS_BODY = 4 * 2**20
Answer = tuple[int, dict[str, str], bytes]

_PATH = re.compile(r"/endpoints/([^/]+)/([^/]+)")
_PREFIX = "x-amzn-sagemaker-"
_CUSTOM = _PREFIX + "custom-attributes"
_VARIANT = _PREFIX + "target-variant"
_PASSED_ON = ("content-type", "accept", _CUSTOM, _PREFIX + "inference-id")


@dataclass
class ModelError(Exception):
    """The container answered with an error, or with nothing usable."""

    status: int
    text: str


class Runtime:
    """The service `sagemaker-runtime`."""

    def __init__(self, endpoints: Endpoints, invocations: Invocations, account: str) -> None:
        self._endpoints = endpoints
        self._invocations = invocations
        self._account = account

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Answer one request; header names are in lower case."""
        match = _PATH.fullmatch(path)
        name = unquote(match[1]) if match else ""
        try:
            if match is None or method != "POST" or match[2] != "invocations":
                what = f"{method} {path[:200]}"
                message = f"{what}: of SageMaker's runtime the laptop cloud supports InvokeEndpoint"
                return _error(SageMakerError("UnknownOperationException", message, 404))
            return self._invoke(name, headers, body)
        except SageMakerError as exc:
            return _error(exc)
        except ModelError as exc:
            return self._model_error(name, exc)

    def _invoke(self, name: str, headers: dict[str, str], body: bytes) -> Answer:
        if len(body) > LARGEST_BODY:
            raise _refused(f"the body has {len(body)} bytes, the limit is {LARGEST_BODY}")
        server = self._live(name)
        if server.serving.serverless and len(body) > LARGEST_SERVERLESS_BODY:
            limit = f"the limit of a serverless endpoint is {LARGEST_SERVERLESS_BODY}"
            raise _refused(f"the body has {len(body)} bytes, {limit}")
        _check_headers(headers, server.serving.variant)
        passed_on = {key: headers[key] for key in _PASSED_ON if key in headers}
        server, reply = self._ask(name, server, body, passed_on)
        if server.beside is not None:
            server.beside.answered(body, passed_on, reply)
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise ModelError(reply.status, reply.body.decode("utf-8", errors="replace"))
        if len(reply.body) > LARGEST_REPLY:
            raise ModelError(0, f"the model server's answer is above {LARGEST_REPLY} bytes")
        return HTTPStatus.OK, _reply_headers(reply, server.serving.variant), reply.body

    def _ask(
        self, name: str, server: Server, body: bytes, headers: dict[str, str]
    ) -> tuple[Server, Reply]:
        """Return who answered, and what; each call counts, whatever came of it."""
        began, status = time.monotonic(), int(HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            try:
                reply = server.invoke(body, headers)
            except ServerFailed:
                if self._endpoints.has(name, server):
                    raise
                server = self._live(name)  # an update took its place, or gave it up
                reply = server.invoke(body, headers)
            status = reply.status
        except ServerFailed as exc:
            raise SageMakerError("ServiceUnavailable", str(exc), 503) from exc
        except TimeoutError as exc:
            waited = f"the model server did not answer within {INVOCATION_LIMIT_S:g} seconds"
            raise ModelError(0, waited) from exc
        finally:
            serving, took = server.serving, time.monotonic() - began
            self._invocations.add(name, serving.variant, took, status, serving.config)
        return server, reply

    def _live(self, name: str) -> Server:
        server = self._endpoints.pick(name)
        if server is None:
            raise _refused(f"Endpoint {name} of account {self._account} not found.")
        return server

    def _model_error(self, name: str, error: ModelError) -> Answer:
        side = "client" if 400 <= error.status < 500 else "server"  # noqa: PLR2004
        content = {
            "Message": f"Received {side} error ({error.status}) from primary with message "
            f'"{error.text}". See log group {LOG_GROUP}/{name} for more information.',
            "OriginalStatusCode": error.status,
            "OriginalMessage": error.text,
        }
        return _json(HTTPStatus.FAILED_DEPENDENCY, "ModelError", content)


def _check_headers(headers: dict[str, str], variant: str) -> None:
    if headers.get(_VARIANT, variant) != variant:
        raise _refused(f"Variant {headers[_VARIANT]} was not found; there is {variant}")
    for name in headers:
        known = name in _PASSED_ON or name == _VARIANT
        if name.startswith(_PREFIX) and not known:
            raise _refused(f"the laptop cloud does not support the header {name}")


def _reply_headers(reply: Reply, variant: str) -> dict[str, str]:
    headers = {
        "Content-Type": reply.headers.get("content-type", "application/octet-stream"),
        "x-Amzn-Invoked-Production-Variant": variant,
    }
    if _CUSTOM in reply.headers:
        headers["X-Amzn-SageMaker-Custom-Attributes"] = reply.headers[_CUSTOM]
    return headers


def _refused(message: str) -> SageMakerError:
    return SageMakerError("ValidationError", message)


def _error(error: SageMakerError) -> Answer:
    return _json(error.status, error.code, {"Message": error.message})


def _json(status: int, code: str, content: dict[str, object]) -> Answer:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return int(status), headers, json.dumps(content).encode()
