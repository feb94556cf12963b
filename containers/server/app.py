"""The two routes of SageMaker's inference contract: GET /ping and POST /invocations."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol

from msgspec import structs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.accesslog import AccessLog
from server.admission import Busy
from server.config import Config
from server.model import Model, UnusableModel
from server.presence import while_waited_for
from server.requests import IMAGES, RequestRefused, content_type, read_body
from server.tagger import Tagger
from tagline.formats.document import encode_record
from tagline.formats.models import WITH_HEAT, Refusal
from tagline.formats.reasons import Reason
from tagline.imaging import SERVING, ImageError

_STATUS = {
    Reason.UNSUPPORTED_IMAGE: 415,
    Reason.ANIMATED_IMAGE: 415,
    Reason.OBJECT_TOO_LARGE: 413,
    Reason.TOO_MANY_PIXELS: 413,
}


class Served(Protocol):
    """Answers requests about one model."""

    async def invocations(self, request: Request) -> Response:
        """Answer what the model makes of a request; raise what `application` has answers for."""


class Images:
    """What is answered to requests about a model of images."""

    def __init__(self, tagger: Tagger, max_body: int) -> None:
        self._tagger = tagger
        self._max_body = max_body

    async def invocations(self, request: Request) -> Response:
        """Answer the scores of one image."""
        with self._tagger.held.room() as room:
            content_type(request, IMAGES)
            image = await read_body(request, self._max_body, room)
            explained = request.headers.get("accept") == WITH_HEAT
            asked = self._tagger.explained(image) if explained else self._tagger.scores(image)
            answer = await while_waited_for(request, asked)
        return Response(encode_record(answer), media_type="application/json")


def build(model: Model, config: Config) -> Starlette:
    """Return the application that serves a model of images."""
    limits = replace(SERVING, max_bytes=config.max_body)
    return application(Images(Tagger(model, config, limits), config.max_body))


def application(served: Served) -> Starlette:
    """Return the two routes around what is served, its errors answered by code."""
    handlers: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
        Busy: _busy,
        RequestRefused: _refused,
        ImageError: _bad_image,
        UnusableModel: _broken_model,
        404: _no_such_route,
        405: _no_such_route,
    }
    app = Starlette(
        routes=[
            Route("/ping", _ping, methods=["GET"]),
            Route("/invocations", served.invocations, methods=["POST"]),
        ],
        exception_handlers=handlers,
    )
    app.add_middleware(AccessLog)
    return app


async def _ping(_: Request) -> Response:
    """Answer 200 and nothing: there is a server only once the model is loaded."""
    return Response()


def _error(status: int, code: str, detail: str, retry_after: int | None = None) -> Response:
    refusal, headers = Refusal(error=code, detail=detail), None
    if retry_after is not None:
        refusal = structs.replace(refusal, retry_after=retry_after)
        headers = {"Retry-After": str(retry_after)}
    return Response(encode_record(refusal), status, headers, media_type="application/json")


async def _busy(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, Busy)  # noqa: S101 - by registration
    return _error(503, "busy", f"{exc}; try again", max(1, math.ceil(exc.seconds)))


async def _refused(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestRefused)  # noqa: S101 - by registration
    again = 1 if exc.status == 503 else None  # noqa: PLR2004
    return _error(exc.status, exc.code, exc.detail, again)


async def _bad_image(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, ImageError)  # noqa: S101 - by registration
    return _error(_STATUS.get(exc.reason, 400), exc.reason, exc.detail)


async def _broken_model(_: Request, exc: Exception) -> Response:
    return _error(500, "model_failed", str(exc))


async def _no_such_route(_: Request, exc: Exception) -> Response:
    status = int(getattr(exc, "status_code", 404))
    return _error(status, "no_such_route", "GET /ping and POST /invocations are served")
