"""Every answer comes before the function's own timeout, and what timed out is not asked again."""

import http.server
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from tagline.api import clients, deadline
from tagline.api.boundary import http_api
from tagline.api.problem import Answer
from tagline.api.requests import Request
from tests.unit.api_world import CONTEXT, event


def context(milliseconds: int) -> Any:
    return SimpleNamespace(
        **{**vars(CONTEXT), "get_remaining_time_in_millis": lambda: milliseconds}
    )


def never(_: Request) -> Answer:
    threading.Event().wait(20)
    raise AssertionError("it was waited for")


def never_by_threads(_: Request) -> Answer:
    go_on = threading.Event()
    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: go_on.wait(20), range(2)))
    finally:
        go_on.set()
    raise AssertionError("it was waited for")


@pytest.mark.parametrize("respond", [never, never_by_threads])
def test_what_takes_too_long_is_a_problem_before_the_functions_timeout(respond: Any) -> None:
    answer = http_api(respond)(event("page"), context(1_050))
    told = json.loads(str(answer["body"]))
    assert (answer["statusCode"], told["code"]) == (503, "busy")
    headers: Any = answer["headers"]
    assert headers["Content-Type"] == "application/problem+json"
    assert int(headers["Retry-After"]) > 0


def test_the_time_left_is_known_while_it_runs() -> None:
    found = []

    def respond(_: Request) -> Answer:
        found.append(deadline.left())
        return Answer("{}")

    http_api(respond)(event("page"), context(29_000))
    assert 27 < found[0] <= 28


class Silent(http.server.BaseHTTPRequestHandler):
    """Answers nothing until the test is over, and counts."""

    asked = 0
    over = threading.Event()

    def do_POST(self) -> None:
        type(self).asked += 1
        self.over.wait(20)

    do_GET = do_POST  # noqa: N815


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Silent]]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DATA_BUCKET", "STACK_NAME"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setattr(clients, "ANSWER_SECONDS", 0.2)
        monkeypatch.setattr(clients, "_STORED_SECONDS", 0.2)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        Silent.asked = 0
        Silent.over.clear()
        clients.s3.cache_clear()
        clients.runtime.cache_clear()
        yield Silent
        Silent.over.set()
        server.shutdown()
        clients.s3.cache_clear()
        clients.runtime.cache_clear()


def test_what_timed_out_is_not_asked_again(silent: type[Silent]) -> None:
    with pytest.raises(ReadTimeoutError):
        clients.runtime().invoke_endpoint(EndpointName="e", Body=b"x")
    assert silent.asked == 1
    with pytest.raises(ReadTimeoutError):
        clients.s3().get_object(Bucket="b", Key="k")
    assert silent.asked == 2
