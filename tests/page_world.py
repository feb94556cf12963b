"""The page with the API's own functions behind it, served here in API Gateway's place."""

import json
import math
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from tagline.api import boundary, clients, deadline
from tagline.formats.models import WITH_HEAT
from tests.property.api_server import application
from tests.unit.api_world import LABELS, RUN, World, api_world

SCORES = [0.93, 0.1, 0.6, 0.07]
_OPEN = ("/page/", "/sign-in", "/openapi.json")


@dataclass
class PageWorld:
    """A page, what it asked, and the bucket behind it."""

    url: str
    bucket: World
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, path and body of the requests, the page's own files left out."""
    answers: dict[str, Callable[[bytes], tuple[int, object]]] = field(default_factory=dict)
    """Answers in the API's place: method and path to what makes status and document of a body."""


@contextmanager
def page_world(auth: str = "none", **variables: str) -> Iterator[PageWorld]:
    """Serve a dataset that has a champion whose endpoint answers SCORES for any image."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        # functions answer in threads here, where no alarm can be set
        patch.setattr(boundary, "within", lambda _seconds: nullcontext())
        patch.setattr(deadline, "_ends", math.inf)
        with api_world(patch, auth) as bucket:
            patch.setattr(clients, "runtime", _Runtime)
            bucket.crown()
            bucket.serve()
            with _served(bucket, auth) as world:
                yield world


@contextmanager
def _served(bucket: World, auth: str) -> Iterator[PageWorld]:
    world = PageWorld("", bucket)

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path != "/" and not path.startswith(_OPEN):
            size = int(environ.get("CONTENT_LENGTH") or 0)
            body = environ["wsgi.input"].read(size)
            environ["wsgi.input"] = _Again(body)
            world.asked.append((environ["REQUEST_METHOD"], path, body))
            if auth == "jwt" and not environ.get("HTTP_AUTHORIZATION"):
                return _said(start, 401, {"message": "Unauthorized"})
            if made := world.answers.get(f"{environ['REQUEST_METHOD']} {path}"):
                return _said(start, *made(body))
        return application(environ, start)

    server = make_server("127.0.0.1", 0, answer, handler_class=_Quiet)
    world.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield world
    server.shutdown()
    thread.join()
    server.server_close()


def _said(start: StartResponse, status: int, document: object) -> list[bytes]:
    start(f"{status} Said", [("Content-Type", "application/problem+json")])
    return [json.dumps(document).encode()]


class _Again:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, _size: int = 0) -> bytes:
        return self._body


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Keep quiet."""


class _Runtime:
    """An endpoint that scores every image alike, and says what a tag hangs on."""

    def invoke_endpoint(self, **asked: Any) -> dict[str, Any]:
        known = {"run": RUN, "created": "2026-11-20T09:00:00Z", "labels": LABELS, "scores": SCORES}
        heat = {"heat": {LABELS[0]: (0, 0.5, 1, 0)}} if asked["Accept"] == WITH_HEAT else {}
        return {"Body": _Again(json.dumps(known | heat).encode())}
