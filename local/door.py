"""Who may speak to the laptop cloud: programs of this machine, and no web page but its own.

A browser sends requests to 127.0.0.1 for any page that asks, so an address alone protects nobody.
Host tells pages that reached this port by another name (DNS rebinding); Origin, Referer and
Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/) tell pages of other places. Programs send
none of the three. The product's own API may open itself to origins by its CORS setting.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from local import patching
from local.context import Cloud
from local.http_api import PATH as API
from local.http_api import PAYLOAD_LIMIT

HEALTH = "/_ministack/health"
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_ADMIN = ("/_ministack", "/_localstack")
_OWN_PAGE = {"same-origin", "none"}  # "none": a person typed the address
# a person follows a link, or comes back from signing in: the other page sees nothing of the answer
_VISIT = {b"sec-fetch-mode": ["navigate"], b"sec-fetch-dest": ["document"], b"origin": []}
# what a bucket holds has no power over this origin, whatever type it says it has
_SANDBOX = (b"content-security-policy", b"sandbox")
_LARGE = 32 << 20  # bytes; S3 alone does not hold each body whole, so larger ones come in turn
_LINGER = 1.0  # seconds
_INVOKED = 25 << 20  # bytes for an endpoint, which refuses a quarter of that in its own words
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class TooLarge(Exception):
    """A body grew beyond what its path takes."""


class Door:
    """An ASGI application before the cloud's own, which turns foreign pages away."""

    def __init__(self, cloud: Cloud, app: App) -> None:
        self._hosts = {f"{name}:{cloud.port}" for name in _NAMES}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._app = app
        self._one_large = asyncio.Semaphore(1)
        self._apis = patching.member("ministack.services.apigateway", "_apis", object)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403 or 413."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket" and scope["subprotocols"]:  # not a header to uvicorn
            protocols = (b"sec-websocket-protocol", ", ".join(scope["subprotocols"]).encode())
            scope = {**scope, "headers": [*scope["headers"], protocols]}
        headers = _Headers(scope["headers"])
        shared = self._shared_with(scope["path"])
        body = Body(receive, _limit(scope["path"]), self._one_large, whole=_is_empty(headers))
        started = False

        async def cleaned(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                fields = _cleaned(scope, message, shared)
                if not body.whole:  # what is left of it is no request
                    fields.append((b"connection", b"close"))
                message = {**message, "headers": fields}
            elif not body.whole and not message.get("more_body"):
                await send({**message, "more_body": True})
                await _linger(receive)
                message = {"type": "http.response.body"}
            await send(message)

        reason = self._refusal(scope, headers, shared)
        if reason is not None:
            await _refuse(scope, cleaned, 403, reason)
            return
        try:
            await self._app(scope, body.receive, cleaned)
        except TooLarge:
            if started:
                raise
            await _refuse(scope, cleaned, 413, "Request Entity Too Large")
        finally:
            body.end()

    def _refusal(
        self, scope: Scope, headers: "_Headers", shared: Sequence[str] | None
    ) -> str | None:
        """Return why a request is turned away, or None."""
        path = scope["path"]
        hosts = headers.all(b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return "The laptop cloud answers under 127.0.0.1, localhost and [::1] only."
        if path.startswith(_ADMIN) and path != HEALTH:
            return "ministack's own switches are not for use: restart with `tagline up --fresh`."
        origins = headers.all(b"origin")
        if shared and origins and all(o in shared or "*" in shared for o in origins):
            return None
        if _visits(scope, headers):
            return None
        pages = origins + [_origin_of(page) for page in headers.all(b"referer")]
        own = set(pages) <= self._origins and set(headers.all(b"sec-fetch-site")) <= _OWN_PAGE
        return None if own else "A page of another origin may not use the laptop cloud."

    def _shared_with(self, path: str) -> list[str] | None:
        """Return the origins that the API which is asked has opened itself to; None: no API's."""
        if not path.startswith(API):
            return None
        api = self._apis.get(path.removeprefix(API).partition("/")[0]) or {}
        return (api.get("corsConfiguration") or {}).get("allowOrigins")


def _visits(scope: Scope, headers: "_Headers") -> bool:
    """Tell whether a tab goes to an API's page, whose GETs change nothing."""
    told = {name: headers.all(name) for name in _VISIT}
    return scope.get("method") == "GET" and scope["path"].startswith(API) and told == _VISIT


def _cleaned(
    scope: Scope, message: Message, shared: Sequence[str] | None
) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers: no CORS but an API's own, and no power for what is stored."""
    kept = [
        (name, value)
        for name, value in message.get("headers", ())
        if shared or not name.lower().startswith(b"access-control-")
    ]
    return kept if scope["path"].startswith(API) else [*kept, _SANDBOX]


class Body:
    """What arrives of a request's body: counted, and held back while another large one is held.

    `whole` tells whether all of it has arrived.
    """

    def __init__(
        self, receive: Receive, limit: int, one_large: asyncio.Semaphore, *, whole: bool = False
    ) -> None:
        self.whole = whole
        self._receive = receive
        self._limit = limit
        self._one_large = one_large
        self._size = 0
        self._large = False

    async def receive(self) -> Message:
        """Return the next message; raise TooLarge beyond the limit."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
            if self._size > self._limit:
                raise TooLarge
            if self._size > _LARGE and not self._large:
                await self._one_large.acquire()
                self._large = True
        return message

    def end(self) -> None:
        """Let the next large one come."""
        if self._large:
            self._one_large.release()
            self._large = False


class _Headers:
    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._pairs = list(pairs)

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self._pairs if key.lower() == name]


def _is_empty(headers: _Headers) -> bool:
    """Tell whether a request has no body."""
    return headers.all(b"content-length") in ([], ["0"]) and not headers.all(b"transfer-encoding")


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()


def _limit(path: str) -> int:
    """Return how many bytes a body may have: API Gateway's quota, or S3's for one PUT."""
    if path.startswith(API):
        return PAYLOAD_LIMIT
    return _INVOKED if path.startswith("/endpoints/") else 5 << 30


async def _linger(receive: Receive) -> None:
    """Wait until a client has seen its answer, which what it still sends would undo."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            while (await receive()).get("more_body"):
                pass


async def _refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before accept: a 403
        return
    body = json.dumps({"message": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
