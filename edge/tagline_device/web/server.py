"""HTTP on the device: two streams, a page, /healthz; for few people, who cannot hold it up."""

import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from msgspec import json as json_

from tagline_device.video.stream import Stream

log = logging.getLogger(__name__)
MOST_CLIENTS = 24
MOST_WATCHERS = 8
_QUIET_SECONDS = 10.0  # a client that takes or sends nothing for so long is let go
_PICTURE_SECONDS = 5.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_BOUNDARY = "frame"
_PART = b"--%s\r\nContent-Type: image/jpeg\r\nContent-Length: %%d\r\n\r\n" % _BOUNDARY.encode()


class Pages:
    """What is shown: streams by path, and what is known as plain values."""

    def __init__(
        self,
        streams: dict[str, Stream],
        status: Callable[[], dict[str, Any]],
        well: Callable[[], bool],
    ) -> None:
        self.streams = streams
        self.status = status
        self.well = well
        self.watchers = threading.BoundedSemaphore(MOST_WATCHERS)


class Server(ThreadingHTTPServer):
    """Serves the pages at a host and port (0 for any free one), each client in a thread."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, host: str, port: int, pages: Pages) -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        self.pages = pages
        self.names = _LOOPBACK if host in _LOOPBACK else None
        self._clients = threading.BoundedSemaphore(MOST_CLIENTS)
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking the resolver who we are."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a client, or let it go where there are too many."""
        if not self._clients.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a client."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._clients.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - inherited
        """Tell of faults; clients that went away are none."""
        if not isinstance(fault := sys.exception(), OSError):
            log.error("a request could not be answered", exc_info=fault)


class _Handler(BaseHTTPRequestHandler):
    """One client's request."""

    server: Server
    protocol_version = "HTTP/1.0"  # one request a connection: none is held open for nothing
    server_version, sys_version = "tagline-device", ""
    timeout = _QUIET_SECONDS

    def do_GET(self) -> None:
        """Answer what a path shows."""
        path = urlsplit(self.path).path
        if not self._named_rightly():
            self._say(HTTPStatus.MISDIRECTED_REQUEST, "this page has another name\n")
        elif path in self.server.pages.streams:
            self._stream(self.server.pages.streams[path])
        elif path == "/healthz":
            well = self.server.pages.well()
            status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
            self._send(
                status, "application/json", json_.encode(self.server.pages.status()["health"])
            )
        elif path == "/status.json":
            self._send(HTTPStatus.OK, "application/json", json_.encode(self.server.pages.status()))
        elif path in _PAGE:
            name, kind = _PAGE[path]
            body = files("tagline_device").joinpath("page", name).read_bytes()
            self._send(HTTPStatus.OK, kind, body)
        else:
            self._say(HTTPStatus.NOT_FOUND, "nothing is here; the page is at /\n")

    do_HEAD = do_GET  # noqa: N815 - the base class's name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Leave requests out of the log."""

    def _named_rightly(self) -> bool:
        """Return whether the client asked for this machine by its own name.

        A web page elsewhere whose name was led here could look through the camera otherwise.
        """
        if self.server.names is None:
            return True
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        return host in self.server.names

    def _say(self, status: HTTPStatus, text: str) -> None:
        self._send(status, "text/plain; charset=utf-8", text.encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self._begin(status, kind, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: HTTPStatus, kind: str, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _stream(self, stream: Stream) -> None:
        """Send pictures, each the newest when the one before has gone, until the client leaves."""
        kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
        if self.command == "HEAD":
            self._begin(HTTPStatus.OK, kind)
            return
        with self._place() as there:
            if not there:
                self._say(HTTPStatus.SERVICE_UNAVAILABLE, "too many watch already\n")
                return
            self._begin(HTTPStatus.OK, kind)
            number = 0
            with stream.watching():
                while True:
                    number, picture = stream.newer(number, _PICTURE_SECONDS)
                    if picture:
                        self.wfile.write(_PART % len(picture) + picture + b"\r\n")
                    else:
                        self.wfile.write(b"\r\n")  # finds out whether anybody is there

    @contextmanager
    def _place(self) -> Iterator[bool]:
        there = self.server.pages.watchers.acquire(blocking=False)
        try:
            yield there
        finally:
            if there:
                self.server.pages.watchers.release()
