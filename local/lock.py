"""The lock behind the door, where `tagline up --secret` asks for a key: who has none gets nothing.

Refusals have the shapes that AWS's services give them, so that clients say what they say there.
The product's own API asks for no key, as on AWS.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from local import signatures
from local.door import HEALTH, App, Message, Receive, Scope, Send
from local.http_api import PATH as API
from local.signatures import (
    Expired,
    Request,
    Secrets,
    UnknownKey,
    Unsigned,
    WrongBody,
    WrongSignature,
)

LARGEST_SIGNED_BODY = 128 << 20  # bytes; one that is signed itself has to be read first
_TOKEN = "The security token included in the request is invalid."  # noqa: S105
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method."
)
_LOST = "Missing Authentication Token"
_OLD = "Signature expired: sign the request again."
# code and message by the service's protocol
_REFUSALS: Mapping[type[Exception], Mapping[str, tuple[str, str]]] = {
    Unsigned: {
        "s3": ("AccessDenied", "Access Denied"),
        "query": ("MissingAuthenticationToken", _LOST),
        "json": ("MissingAuthenticationTokenException", _LOST),
    },
    UnknownKey: {
        "s3": (
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        "query": ("InvalidClientTokenId", _TOKEN),
        "json": ("UnrecognizedClientException", _TOKEN),
    },
    WrongSignature: {
        "s3": ("SignatureDoesNotMatch", _MISMATCH),
        "query": ("SignatureDoesNotMatch", _MISMATCH),
        "json": ("InvalidSignatureException", _MISMATCH),
    },
    WrongBody: {
        "s3": (
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
        "query": ("SignatureDoesNotMatch", _MISMATCH),
        "json": ("InvalidSignatureException", _MISMATCH),
    },
    Expired: {
        "s3": ("AccessDenied", "Request has expired"),
        "query": ("SignatureDoesNotMatch", _OLD),
        "json": ("InvalidSignatureException", _OLD),
    },
}
_STATUS = {"XAmzContentSHA256Mismatch": 400}
_FORBIDDEN = 403
_DEVICES = "iotdevicegateway"  # what signs an MQTT connection


class Lock:
    """An ASGI application that passes on what was signed with a key that has a secret."""

    def __init__(self, secrets: Secrets, app: App) -> None:
        self._secrets = secrets
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and not _open(scope["path"]):
            request = _request(scope)
            try:
                signed = signatures.read(request)
                signatures.credentials(self._secrets, signed.access_key)  # before its body is read
                body = b""
                if signed.needs_body:
                    body = await _whole(receive)
                    receive = _again(body, receive)
                signed.check(self._secrets, body, dt.datetime.now(dt.UTC))
                await self._app(scope, _held(receive, signed.body_hash), send)
            except tuple(_REFUSALS) as exc:
                await _refuse(request, type(exc), send)
        elif scope["type"] == "websocket" and not self._signed(scope):
            await send({"type": "websocket.close", "code": 1008})  # before accept: a 403
        else:
            await self._app(scope, receive, send)

    def _signed(self, scope: Scope) -> bool:
        """Tell whether a connection's address was signed, as devices of AWS IoT sign theirs."""
        request = _request({**scope, "method": "GET"})
        try:
            signed = signatures.read(request)
            signed.check(self._secrets, b"", dt.datetime.now(dt.UTC))
        except tuple(_REFUSALS):
            return False
        return signed.service == _DEVICES


def _open(path: str) -> bool:
    return path == HEALTH or path.startswith(API)


def _request(scope: Scope) -> Request:
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1"))
               for name, value in scope["headers"]]  # fmt: skip
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return Request(scope["method"], path.partition("?")[0], query, headers)


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_SIGNED_BODY:
            raise WrongSignature
        if message["type"] != "http.request" or not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read already, then what comes after it."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return left.pop() if left else await receive()

    return given


def _held(receive: Receive, promised: str | None) -> Receive:
    """Return what passes a body on, the end only of the one whose hash was signed."""
    seen = hashlib.sha256()

    async def held() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            seen.update(message.get("body", b""))
            if not message.get("more_body") and seen.hexdigest() != promised:
                raise WrongBody
        return message

    return receive if promised is None else held


async def _refuse(request: Request, kind: type[Exception], send: Send) -> None:
    protocol = _protocol(request)
    code, message = _REFUSALS[kind]["json" if protocol == "cbor" else protocol]
    content_type, body = _SHAPES[protocol](code, message)
    status = _STATUS.get(code, _FORBIDDEN)
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-amzn-errortype", code.encode()),
        *([(b"smithy-protocol", b"rpc-v2-cbor")] if protocol == "cbor" else []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


def _protocol(request: Request) -> str:
    service = _service(request)
    if service == "s3":  # whatever the type of what is uploaded
        return "s3"
    if request.header("smithy-protocol") == "rpc-v2-cbor":
        return "cbor"
    if request.header("content-type").startswith("application/x-www-form-urlencoded"):
        return "query"
    if service or request.header("x-amz-target") or "json" in request.header("content-type"):
        return "json"
    return "s3"


def _service(request: Request) -> str | None:
    try:
        return signatures.read(request).service
    except (Unsigned, WrongSignature):
        return None


def _s3(code: str, message: str) -> tuple[str, bytes]:
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    return "application/xml", f'<?xml version="1.0"?><Error>{inner}</Error>'.encode()


def _query(code: str, message: str) -> tuple[str, bytes]:
    inner = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    return "text/xml", f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>".encode()


def _json(code: str, message: str) -> tuple[str, bytes]:
    return "application/json", json.dumps({"__type": code, "message": message}).encode()


def _cbor(code: str, message: str) -> tuple[str, bytes]:
    pairs = ("__type", code, "message", message)
    return "application/cbor", b"\xa2" + b"".join(map(_cbor_text, pairs))


def _cbor_text(text: str) -> bytes:
    raw = text.encode()
    return b"\x79" + len(raw).to_bytes(2) + raw  # RFC 8949: text, its length in two bytes


_SHAPES: Mapping[str, Any] = {"s3": _s3, "query": _query, "json": _json, "cbor": _cbor}
