"""Objects read and written over HTTP, by the short way.

What ministack does with any request, before it knows that it is one of these, costs more than a
small object does. Bodies that are not small go to and come from files as they are; what S3 makes of
them stays ministack's.
"""

import base64
import os
import uuid
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

from local import patching
from local.access import s3_calls
from local.arriving_bodies import Arriving, Disconnected
from local.context import Cloud
from local.door import App, Receive, Scope, Send
from local.object_bodies import FileBody
from local.object_writes import Requests, streams

_S3 = "ministack.services.s3"
_APP = "ministack.app"
_ROUTER = "ministack.core.router"
_RESPONSES = "ministack.core.responses"
_HANDLE = (
    *("method", "path", "headers", "body", "query_params", "signed_path"),
    *("enforce_bucket_region", "internal", "access_point_region", "access_point"),
)
_READ, _WRITTEN = {"GetObject", "HeadObject"}, {"PutObject", "UploadPart"}
_Response = tuple[int, dict[str, str], Any]


class ObjectRequests:
    """An ASGI application that answers for objects, and passes everything else on."""

    def __init__(self, cloud: Cloud, requests: Requests, app: App) -> None:
        self._requests = requests
        self._app = app
        self._folder = cloud.state_dir / "tmp" / "arriving"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._buckets = patching.member(_S3, "_buckets", object)
        self._handle = patching.function(_S3, "handle_request", *_HANDLE)
        self._head = patching.function(_S3, "format_head_response", "path", "headers", "response")
        self._plain = patching.function(
            _S3, "is_standard_object_request", "method", "path", "headers", "query_params"
        )
        self._service = patching.function(
            _ROUTER, "detect_service", "method", "path", "headers", "query_params"
        )
        self._key = patching.function(_ROUTER, "extract_access_key_id", "headers", "query_params")
        self._region = patching.function(_ROUTER, "extract_region", "headers", "query_params")
        self._be_account = patching.function(_RESPONSES, "set_request_account_id", "access_key_id")
        self._be_region = patching.function(_RESPONSES, "set_request_region", "region")
        self._header = patching.function(_APP, "decode_header_value", "value")
        self._pairs: Callable[[Mapping[str, str]], list[tuple[bytes, bytes]]] = patching.function(
            _APP, "_asgi_header_list", "headers"
        )
        self._unchunked = patching.function(_APP, "_decode_aws_chunked_body", "body", "headers")
        self._incomplete = patching.member(_APP, "_IncompleteRequestBody", type)
        self._incomplete_answer = patching.function(
            _APP, "_incomplete_request_body_response", "method", "path", "headers", "query_params"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for an object, or pass it on."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD", "PUT"}:
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        bucket, _, key = path[1:].partition("/")
        if not key:
            await self._app(scope, receive, send)
            return
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        headers = self._headers(scope)
        access_key = self._key(headers, query)
        if access_key:
            self._be_account(access_key)
        self._be_region(self._region(headers, query))
        called = s3_calls.read(scope["method"], path, query, headers)
        if (
            bucket not in self._buckets
            or called is None
            or called[0] not in _READ | _WRITTEN
            or self._service(scope["method"], path, headers, query) != "s3"
        ):
            await self._app(scope, receive, send)
            return
        await self._answer(called[0], scope["method"], path, headers, query, receive, send)

    async def _answer(  # noqa: PLR0917 - a request
        self,
        operation: str,
        method: str,
        path: str,
        headers: dict[str, str],
        query: dict[str, list[str]],
        receive: Receive,
        send: Send,
    ) -> None:
        body: bytes | FileBody = b""
        arriving = Arriving(self._folder, self._unchunked, self._incomplete)
        try:
            if operation in _WRITTEN:
                body = await arriving.received(receive, headers)
            streams.set(True)
            response: _Response = await self._handle(method, path, headers, body, query)
        except self._incomplete:
            response = self._incomplete_answer(method, path, headers, query)
        except OSError as exc:
            response = self._requests.refused(exc, method, path)
        except Disconnected:
            return
        finally:
            streams.set(False)
            arriving.let_go()
        if method == "HEAD" and self._plain(method, path, headers, query):
            response = self._head(path, headers, response)
        await self._send(response, method, send)

    def _headers(self, scope: Scope) -> dict[str, str]:
        headers: dict[str, str] = {}
        for raw, value in scope["headers"]:
            name, text = raw.decode("latin-1").lower(), self._header(value)
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
        return headers

    async def _send(self, response: _Response, method: str, send: Send) -> None:
        status, headers, body = response
        if "x-amz-request-id" not in headers:  # what is refused before S3 is asked
            headers["x-amz-request-id"] = str(uuid.uuid4())
            headers["x-amz-id-2"] = base64.b64encode(os.urandom(48)).decode()
        headers["x-amzn-requestid"] = headers["x-amz-request-id"]
        headers.setdefault("Date", formatdate(usegmt=True))
        if method != "HEAD" and not any(name.lower() == "content-length" for name in headers):
            headers["Content-Length"] = str(len(body))
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": self._pairs(headers),
            }
        )
        if isinstance(body, FileBody):
            for piece in body.pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            body = b""
        await send({"type": "http.response.body", "body": body, "more_body": False})
