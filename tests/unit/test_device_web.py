"""The device's page and streams: for this machine, for few, and nobody holds the camera up."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from tagline_device.video.loop import Loop
from tagline_device.video.sources import Taken
from tagline_device.video.stream import Stream, jpeg
from tagline_device.web import server as web
from tagline_device.web.server import Pages, Server
from tests.laptop import eventually

FRAME = np.full((48, 64, 3), 90, np.uint8)


class World:
    """A page that is served, and its streams."""

    def __init__(self) -> None:
        self.well = True
        self.streams = {"/device": Stream(), "/project": Stream()}
        pages = Pages(self.streams, lambda: {"health": {"fps": 25}}, lambda: self.well)
        self.server = Server("127.0.0.1", 0, pages)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_port

    def ask(
        self, path: str, method: str = "GET", host: str | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer, answer.read()

    def watch(self, path: str) -> socket.socket:
        there = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        there.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return there


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.server.shutdown()
    world.server.server_close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")],
)
def test_the_page_loads_nothing_from_elsewhere(world: World, path: str, kind: str) -> None:
    answer, body = world.ask(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith(kind)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for word in (b"://", b"<style", b"style=", b"onclick", b"innerHTML"):
        assert word not in body
    head, nothing = world.ask(path, "HEAD")
    assert (head.status, nothing) == (200, b"")
    assert head.headers["Content-Length"] == str(len(body))


def test_health_is_a_status_and_words(world: World) -> None:
    answer, body = world.ask("/healthz")
    assert (answer.status, json.loads(body)) == (200, {"fps": 25})
    world.well = False
    assert world.ask("/healthz")[0].status == 503


def test_other_paths_methods_and_names_are_refused(world: World) -> None:
    assert world.ask("/../etc/passwd")[0].status == 404
    assert world.ask("/", "POST")[0].status == 501
    assert world.ask("/", host="evil.example")[0].status == 421
    assert world.ask("/", host=f"localhost:{world.port}")[0].status == 200


def _pictures(there: socket.socket, count: int) -> list[np.ndarray[Any, Any]]:
    """Return the first pictures of a stream."""
    found: list[np.ndarray[Any, Any]] = []
    data = b""
    while len(found) < count:
        data += there.recv(65536)
        while (begin := data.find(b"\xff\xd8")) >= 0 and (end := data.find(b"\xff\xd9")) >= 0:
            picture = cv2.imdecode(np.frombuffer(data[begin : end + 2], np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None
            found.append(picture)
            data = data[end + 2 :]
    return found


def test_a_stream_shows_pictures_to_all_who_watch(world: World) -> None:
    stream = world.streams["/device"]
    watchers = [world.watch("/device") for _ in range(2)]
    eventually(lambda: stream._watchers == 2)
    stream.put(jpeg(FRAME))
    for there in watchers:
        (picture,) = _pictures(there, 1)
        assert abs(picture.astype(int) - FRAME).max() <= 2
        there.close()

    def left() -> bool:
        stream.put(jpeg(FRAME))  # who has gone is noticed when there is something to send
        return not stream.watched

    eventually(left)


def test_who_does_not_read_holds_nobody_up(world: World) -> None:
    """A watcher that takes nothing blocks its own thread; the other gets the newest meanwhile."""
    stream = world.streams["/project"]
    slow, quick = world.watch("/project"), world.watch("/project")
    eventually(lambda: stream._watchers == 2)
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    picture = jpeg(noise, 95)
    stop = threading.Event()

    def show() -> None:
        while not stop.wait(0.005):
            stream.put(picture)

    showing = threading.Thread(target=show)
    showing.start()
    try:
        assert len(_pictures(quick, 40)) >= 40
    finally:
        stop.set()
        showing.join()
        slow.close()
        quick.close()


def test_too_many_are_told_or_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    watchers = [world.watch("/device") for _ in range(web.MOST_WATCHERS)]
    eventually(lambda: world.streams["/device"]._watchers == web.MOST_WATCHERS)
    assert world.ask("/device")[0].status == 503
    idle = [
        socket.create_connection(("127.0.0.1", world.port))
        for _ in range(web.MOST_CLIENTS - web.MOST_WATCHERS)
    ]
    last = socket.create_connection(("127.0.0.1", world.port), timeout=10)
    assert last.recv(1) == b""
    for there in [*watchers, *idle]:
        there.close()


class Frames:
    """A source of some frames."""

    def __init__(self, count: int) -> None:
        self.count = count

    def frames(self, stop: threading.Event) -> Iterator[Taken]:
        for _ in range(self.count):
            yield Taken(FRAME)


def test_the_loop_encodes_only_what_is_watched_and_keeps_its_limit() -> None:
    loop = Loop(Frames(8), lambda _: None, fps_limit=100, stream_fps=1000)
    began = time.monotonic()
    with loop.device.watching():
        loop.run(threading.Event())
    assert time.monotonic() - began >= 0.06
    assert loop.device.newer(0, 0)[1][:2] == b"\xff\xd8"
    assert loop.project.newer(0, 0) == (0, b"")
    assert loop.alive
