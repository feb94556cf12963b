"""Data capture: what an endpoint's variants answer, as lines in S3, written every second.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

import base64
import json
import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.objects import Objects
from local.sagemaker.server import Reply
from local.sagemaker.store import Record

_EVERY_S = 1.0
_ALL = 100  # percent


class Capture:
    """Keeps answers of one endpoint until they are written; what cannot be written is logged."""

    def __init__(
        self, endpoint: str, wanted: Record, objects: Objects, log: Callable[[str], None]
    ) -> None:
        self._share = wanted["InitialSamplingPercentage"] / _ALL
        self._prefix = f"{wanted['DestinationS3Uri'].rstrip('/')}/{endpoint}"
        self._as_text = wanted.get("CaptureContentTypeHeader", {}).get("JsonContentTypes", [])
        self._objects = objects
        self._log = log
        self._lock = threading.Lock()
        self._lines: dict[str, list[str]] = defaultdict(list)
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to write what comes."""
        threading.Thread(target=self._write_on, name="capture", daemon=True).start()

    def stop(self) -> None:
        """Write what is left, and no more."""
        self._ended.set()
        self._write()

    def add(self, variant: str, inference_id: str | None, reply: Reply) -> None:
        """Keep an answer, of the share that is captured."""
        if random.random() >= self._share:  # noqa: S311 - no secret
            return
        kind = reply.headers.get("content-type", "")
        as_text = kind in self._as_text
        data = reply.body.decode() if as_text else base64.b64encode(reply.body).decode()
        about: dict[str, Any] = {
            "eventId": str(uuid.uuid4()),
            "inferenceTime": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        if inference_id:
            about["inferenceId"] = inference_id
        said = {
            "observedContentType": kind,
            "mode": "OUTPUT",
            "data": data,
            "encoding": "JSON" if as_text else "BASE64",
        }
        captured = {"captureData": {"endpointOutput": said}, "eventMetadata": about}
        with self._lock:
            self._lines[variant].append(json.dumps({**captured, "eventVersion": "0"}))

    def _write_on(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self._write()

    def _write(self) -> None:
        with self._lock:
            taken, self._lines = self._lines, defaultdict(list)
        for variant, lines in taken.items():
            now = datetime.now(UTC)
            name = f"{now:%M-%S}-{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
            uri = f"{self._prefix}/{variant}/{now:%Y/%m/%d/%H}/{name}"
            try:
                self._objects.write("".join(f"{line}\n" for line in lines).encode(), uri)
            except (ClientError, BotoCoreError) as exc:
                self._log(f"{len(lines)} captured answers are lost: {exc}")
