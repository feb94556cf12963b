"""The two routes of SageMaker's inference contract: GET /ping and POST /invocations."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.accesslog import AccessLog
from server.config import Config
from server.model import Model, UnusableModel
from server.requests import RequestRefused, read_image
from tagline.formats.document import encode_record
from tagline.formats.models import ImageScores
from tagline.formats.reasons import Reason
from tagline.imaging import SERVING, ImageError

_STATUS = {
    Reason.UNSUPPORTED_IMAGE: 415,
    Reason.ANIMATED_IMAGE: 415,
    Reason.OBJECT_TOO_LARGE: 413,
    Reason.TOO_MANY_PIXELS: 413,
}


class Tagger:
    """Answers requests with one model, some at a time, a few waiting."""

    def __init__(self, model: Model, config: Config) -> None:
        self._model = model
        self._max_body = config.max_body
        self._limits = replace(SERVING, max_bytes=config.max_body)
        self._slots = anyio.CapacityLimiter(config.workers)
        self._most = config.workers + config.queue
        self._present = 0

    async def ping(self, _: Request) -> Response:
        """Answer 200 and nothing: there is a server only once the model is loaded."""
        return Response()

    async def invocations(self, request: Request) -> Response:
        """Answer the scores of one image."""
        if self._present >= self._most:
            raise RequestRefused(503, "busy", f"{self._most} requests are under way; try again")
        self._present += 1
        try:
            image = await read_image(request, self._max_body)
            answer = await self._in_thread(image)
        finally:
            self._present -= 1
        return Response(encode_record(answer), media_type="application/json")

    async def _in_thread(self, image: bytes) -> ImageScores:
        return await anyio.to_thread.run_sync(
            self._model.answer, image, self._limits, limiter=self._slots
        )


def build(model: Model, config: Config) -> Starlette:
    """Return the application that serves a model."""
    tagger = Tagger(model, config)
    handlers: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
        RequestRefused: _refused,
        ImageError: _bad_image,
        UnusableModel: _broken_model,
        404: _no_such_route,
        405: _no_such_route,
    }
    app = Starlette(
        routes=[
            Route("/ping", tagger.ping, methods=["GET"]),
            Route("/invocations", tagger.invocations, methods=["POST"]),
        ],
        exception_handlers=handlers,
    )
    app.add_middleware(AccessLog)
    return app


def _error(status: int, code: str, detail: str) -> Response:
    headers = {"Retry-After": "1"} if status == 503 else None  # noqa: PLR2004
    return JSONResponse({"error": code, "detail": detail}, status, headers)


async def _refused(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestRefused)  # noqa: S101 - by registration
    return _error(exc.status, exc.code, exc.detail)


async def _bad_image(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, ImageError)  # noqa: S101 - by registration
    return _error(_STATUS.get(exc.reason, 400), exc.reason, exc.detail)


async def _broken_model(_: Request, exc: Exception) -> Response:
    return _error(500, "model_failed", str(exc))


async def _no_such_route(_: Request, exc: Exception) -> Response:
    status = int(getattr(exc, "status_code", 404))
    return _error(status, "no_such_route", "GET /ping and POST /invocations are served")
