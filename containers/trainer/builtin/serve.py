"""`serve`: the endpoint of the built-in algorithm: an image in, a bare list of numbers out.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import json
import os
import sys
import tempfile
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from tagline.formats.image_classification import PARAMETERS, SHAPES, SYMBOL
from trainer.contract import Base, JobRefused, existing
from trainer.engine import Images
from trainer.export import score, session
from trainer.served import side_of

CONTENT_TYPES = ("application/x-image", "image/jpeg", "image/png")
_LARGEST_BODY = 6 << 20
_LINES = "application/jsonlines"


class Model:
    """The network of a model folder, which may be asked by several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Load the algorithm's files; raises JobRefused where one is missing or unreadable."""
        # here, for the image of the other engine holds this package, too
        from trainer.mxnet_engine.converting import convert, labels_of  # noqa: PLC0415

        symbol = existing(folder / SYMBOL, "the model")
        shapes = existing(folder / SHAPES, "the model")
        found = sorted(path for path in folder.iterdir() if PARAMETERS.fullmatch(path.name))
        if not found:
            raise JobRefused("the model has no file image-classification-NNNN.params")
        self.side = side_of(shapes.read_bytes())
        labels = labels_of(symbol, self.side)
        blank = np.full((1, self.side, self.side, 3), 255, np.uint8)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch, "model.onnx")
            convert(symbol, found[-1], blank, labels, path)
            self._session: onnxruntime.InferenceSession = session(path.read_bytes())

    def scores(self, image: bytes) -> list[float]:
        """Return a number a label of an encoded image, which is stretched to the network's size.

        Raises ValueError for bytes that are no image.
        """
        pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR) if image else None
        if pixels is None:
            raise ValueError("the body is no image that can be read")
        rgb = cv2.cvtColor(cv2.resize(pixels, (self.side, self.side)), cv2.COLOR_BGR2RGB)
        images: Images = np.asarray(rgb)[None]
        return [float(value) for value in score(self._session, images)[0]]


def main() -> int:
    """Serve until told to stop; return the exit code."""
    base = Base.from_environment()
    try:
        model = Model(base.model)
    except JobRefused as exc:
        sys.stderr.write(f"The server cannot start: {exc}\n")
        return 1
    host = os.environ.get("TAGLINE_BIND_HOST", "0.0.0.0")  # noqa: S104 - a container's own
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    with Listening(model, host, port) as listening:
        sys.stdout.write("SageMaker's image-classification is emulated by tagline/trainer\n")
        sys.stdout.flush()
        listening.serve_forever()
    return 0


class Listening(ThreadingHTTPServer):
    """A server of one model; port 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, model: Model, host: str, port: int) -> None:
        super().__init__((host, port), _Handler)
        self.model = model
        self.turn = threading.Lock()  # one image at a time: others would wait for a core


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listening

    def do_GET(self) -> None:
        """Answer pings, and what a batch transform asks."""
        if self.path == "/ping":
            self._answer(HTTPStatus.OK, b"", "text/plain")
        elif self.path == "/execution-parameters":
            told = {"MaxConcurrentTransforms": 1, "BatchStrategy": "SINGLE_RECORD"}
            self._json(HTTPStatus.OK, {**told, "MaxPayloadInMB": _LARGEST_BODY >> 20})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "GET /ping and POST /invocations are served")

    def do_POST(self) -> None:
        """Answer the scores of an image."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LARGEST_BODY:
            told = f"a body of a known length, {_LARGEST_BODY} bytes at most, is wanted"
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told)
            return
        body = self.rfile.read(int(length))
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if self.path != "/invocations":
            self._refuse(HTTPStatus.NOT_FOUND, "GET /ping and POST /invocations are served")
        elif kind not in CONTENT_TYPES:
            told = f"{kind[:60]!r}; send {', '.join(CONTENT_TYPES)}"
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, told)
        else:
            self._tell_scores(body)

    def _tell_scores(self, image: bytes) -> None:
        try:
            with self.server.turn:
                scores = self.server.model.scores(image)
        except (ValueError, cv2.error) as exc:
            self._refuse(HTTPStatus.BAD_REQUEST, str(exc))
            return
        batch = os.environ.get("SAGEMAKER_BATCH", "").lower() == "true"
        if batch or self.headers.get("Accept", "").startswith(_LINES):
            line = json.dumps({"prediction": scores}) + "\n"
            self._answer(HTTPStatus.OK, line.encode(), _LINES)
        else:
            self._json(HTTPStatus.OK, scores)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing of pings."""
        if getattr(self, "path", "") != "/ping":
            sys.stdout.write(f"{format % args}\n")
            sys.stdout.flush()

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True
        self._json(status, {"error": why})

    def _json(self, status: HTTPStatus, value: object) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
