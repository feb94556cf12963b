"""An S3 for a plan alone: answers of the service as bytes on the wire, without a service.

The SDK signs, sends and parses as ever; the images that are listed exist nowhere, the list is a
file, and what the plan writes is counted and thrown away, but for what it reads again.
"""

import io
import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.awsrequest import AWSRequest, AWSResponse, HeadersDict
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA, SOURCE = "data", "source"
_PAGE = 1000
_KEPT = re.compile(r"\.(json|yaml)$")
_MISSING = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"


class PlanSource:
    """The data bucket, which holds a list, and a bucket of `rows` images named by `key`."""

    def __init__(self, rows: int, list_key: str, list_file: Path) -> None:
        self.rows = rows
        self.written = 0
        self.requests = 0
        self._list = list_key, list_file
        self._kept: dict[str, bytes] = {}
        self._digests: dict[str, str] = {}

    def client(self) -> "S3Client":
        """Return a client of the SDK that this answers."""
        client = boto3.client(
            "s3",
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",  # noqa: S106 - nobody asks
            config=Config(s3={"addressing_style": "path"}, max_pool_connections=20),
        )
        events: Any = client.meta.events  # an answer of a handler is sent in place of the request
        events.register("before-send.s3", self._answer)
        return client

    def digest(self) -> str:
        """Return what stands for all that was written."""
        told = json.dumps(self._digests, sort_keys=True)
        return blake2b(told.encode(), digest_size=8).hexdigest()

    def put(self, key: str, content: bytes) -> None:
        """Have a small object."""
        self._kept[key] = content

    def _answer(self, request: AWSRequest, **_more: object) -> AWSResponse:
        self.requests += 1
        url = urlsplit(str(request.url))
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        if request.method == "GET" and not key:
            return _response(200, self._page(bucket, parse_qs(url.query)))
        if request.method in {"PUT", "POST"}:
            return self._write(key, request, url.query)
        if key == self._list[0]:
            return _response(200, self._list[1].open("rb"), self._list[1].stat().st_size)
        found = self._kept.get(key)
        if found is None:
            return _response(404, _MISSING)
        return _response(200, b"" if request.method == "HEAD" else found, len(found))

    def _write(self, key: str, request: AWSRequest, query: str) -> AWSResponse:
        body: Any = request.body or b""
        kept, digest = bytearray(), blake2b()
        for chunk in _chunks(body):
            self.written += len(chunk)
            digest.update(chunk)
            if _KEPT.search(key):
                kept += chunk
        self._digests[f"{key}?{query}"] = digest.hexdigest()
        if kept and not query:
            self._kept[key] = bytes(kept)
        if query.startswith("uploads"):
            return _response(200, b"<R><UploadId>1</UploadId></R>")
        return _response(200, b"<R><ETag>&quot;0&quot;</ETag></R>")

    def _page(self, bucket: str, asked: dict[str, list[str]]) -> bytes:
        if bucket != SOURCE:
            return b"<List><IsTruncated>false</IsTruncated></List>"
        after = asked.get("start-after", [""])[0]
        digits = re.match(r"images/(\d+)", after)
        first = int(digits[1]) if digits else 0
        while first < self.rows and key_of(first) <= after:
            first += 1
        most = int(asked.get("max-keys", [str(_PAGE)])[0])
        last = min(first + most, self.rows)
        items = "".join(
            f"<Contents><Key>{key_of(row)}</Key><LastModified>2026-01-01T00:00:00.000Z"
            f"</LastModified><ETag>&quot;{etag_of(row)}&quot;</ETag><Size>1000</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for row in range(first, last)
        )
        more = "true" if last < self.rows else "false"
        return f"<List><IsTruncated>{more}</IsTruncated>{items}</List>".encode()


def key_of(row: int) -> str:
    """Return the key of a row's image; keys are in the order of rows."""
    return f"images/{row:09d}.png"


def etag_of(row: int) -> str:
    """Return the ETag of a row's image, which no other has."""
    return blake2b(b"%d" % row, digest_size=16).hexdigest()


def _chunks(body: bytes | IO[bytes]) -> Iterator[bytes]:
    if isinstance(body, (bytes, bytearray)):
        yield bytes(body)
        return
    while chunk := body.read(1 << 20):
        yield chunk


def _response(status: int, body: bytes | IO[bytes], size: int | None = None) -> AWSResponse:
    headers: Any = HeadersDict({"content-type": "application/xml", "etag": '"0"'})
    headers["last-modified"] = _DATE
    headers["content-length"] = str(len(body) if isinstance(body, bytes) and size is None else size)
    return AWSResponse("http://s3", status, headers, _Raw(body))


class _Raw(io.RawIOBase):
    """What the SDK takes for a connection's answer."""

    def __init__(self, body: bytes | IO[bytes]) -> None:
        self._body = io.BytesIO(body) if isinstance(body, bytes) else body

    def read(self, size: int | None = -1, **_: object) -> bytes:
        """Return bytes of the answer."""
        return self._body.read(-1 if size is None else size)

    def stream(self, size: int = 1 << 16, **_: object) -> Iterator[bytes]:
        """Yield the answer."""
        while chunk := self.read(size):
            yield chunk

    def readable(self) -> bool:
        """Return True."""
        return True


_DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
