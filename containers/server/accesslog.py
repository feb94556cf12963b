"""One line of JSON a request on stdout, where SageMaker and the laptop cloud collect it."""

import json
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PATH_LENGTH = 200


def log(**values: Any) -> None:
    """Print one line of JSON; control characters of a client's text come out escaped."""
    print(json.dumps(values), flush=True)


class AccessLog:
    """ASGI middleware that logs method, path, status, time (ms) and size of each answer.

    Successful pings are left out: SageMaker sends one every few seconds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log what came of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status, size = 500, 0

        async def watched(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            if scope["path"] != "/ping" or status != 200:  # noqa: PLR2004
                log(
                    message="request",
                    method=scope["method"],
                    path=scope["path"][:_PATH_LENGTH],
                    status=status,
                    ms=round(1000 * (time.perf_counter() - started), 2),
                    bytes=size,
                )
