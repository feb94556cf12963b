"""Serves archives slowly, so that a device can be ended while it fetches one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHUNK, PAUSE = 64 * 1024, 0.02


class Archives:
    """Archives by name; `asked` are the ranges that were wanted."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.asked: list[str | None] = []
        self.port = 0

    def put(self, name: str, data: bytes) -> str:
        """Hold an archive; return its address."""
        self.held[name] = data
        return f"http://127.0.0.1:{self.port}/{name}"


@contextmanager
def serving() -> Iterator[Archives]:
    """Serve archives for the length of a `with` block."""
    archives = Archives()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = archives.held[self.path[1:]]
            wanted = self.headers.get("Range")
            archives.asked.append(wanted)
            begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(data) - begin))
            self.end_headers()
            for at in range(begin, len(data), CHUNK):
                self.wfile.write(data[at : at + CHUNK])
                paused.wait(PAUSE)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # devices are ended on purpose

    paused = threading.Event()
    server = Quiet(("127.0.0.1", 0), Handler)
    archives.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield archives
    finally:
        server.shutdown()
        server.server_close()
