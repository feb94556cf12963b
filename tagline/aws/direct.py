"""GetObject without what the SDK works out anew for each request: a third of its CPU time.

The SDK's own first request for a bucket shows where its objects are asked for and how; those after
it are the same but for the key. Whatever is not simply an object's content is asked for again by
the SDK, whose errors, redirects and retries are all that anybody sees.
"""

import os
import re
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.exceptions import (
    ConnectionError,  # noqa: A004 - botocore's own, no OSError
    HTTPClientError,
)
from botocore.httpsession import URLLib3Session
from botocore.response import StreamingBody
from botocore.utils import get_environ_proxies

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3 import S3Client

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/s3/aws4_request")
_KEPT = ("user-agent", "x-amz-request-payer")  # of the SDK's headers; the others are signed anew
_METADATA = "x-amz-meta-"
_SENDING = "before-send.s3.GetObject"
_PLAIN = {"Bucket", "Key", "IfMatch"}


class _Way(NamedTuple):
    """Where a bucket's objects are: what comes before a key, the region to sign for, headers."""

    base: str
    region: str
    headers: dict[str, str]
    http: URLLib3Session


class DirectReads:
    """The `get_object` of a client, which takes its place; for many small objects of a bucket.

    `timeout` is of connecting and of reading, in seconds.
    """

    def __init__(
        self, session: "Session", client: "S3Client", connections: int, timeout: tuple[float, float]
    ) -> None:
        self._credentials: Any = session.get_credentials()
        self._get: Any = client.get_object
        self._connections = connections
        self._timeout: Any = timeout  # the SDK passes two too, whatever its stubs say
        self._ways: dict[str, _Way] = {}
        self._asked = threading.local()
        self._events = client.meta.events
        self._events.register(_SENDING, self._see)
        vars(client)["get_object"] = self.get_object

    def get_object(self, **wanted: Any) -> Any:
        """Answer as the SDK does: with ETag, ContentLength, Metadata and Body at least."""
        way = self._ways.get(wanted["Bucket"])
        if not wanted.keys() <= _PLAIN:
            return self._get(**wanted)
        if way is None:
            return self._learning(wanted)
        return self._read(way, wanted) or self._get(**wanted)

    def _learning(self, wanted: dict[str, Any]) -> Any:
        self._asked.key, self._asked.way = _quoted(wanted["Key"]), None
        try:
            answer = self._get(**wanted)
        finally:
            self._asked.key = None
        if self._asked.way is not None:
            self._ways[wanted["Bucket"]] = self._asked.way
        return answer

    def _see(self, request: AWSPreparedRequest, **_event: object) -> None:
        key = getattr(self._asked, "key", None)
        fields = {name.lower(): _text(value) for name, value in request.headers.items()}
        scope = _SCOPE.search(fields.get("authorization", ""))
        if key and scope and request.url.endswith(f"/{key}"):
            kept = {name: fields[name] for name in _KEPT if name in fields}
            base = request.url.removesuffix(key)
            self._asked.way = _Way(base, scope[1], kept, self._connected(base))

    def _connected(self, url: str) -> URLLib3Session:
        """Return connections as the SDK has them: of this environment's proxies and authorities."""
        verify: Any = os.environ.get("AWS_CA_BUNDLE") or True
        return URLLib3Session(
            verify,
            get_environ_proxies(url),
            self._timeout,
            self._connections,
        )

    def _read(self, way: _Way, wanted: dict[str, Any]) -> Any:
        """Return an object, or None where the SDK has to be asked."""
        headers = dict(way.headers)
        if "IfMatch" in wanted:
            headers["If-Match"] = wanted["IfMatch"]
        request = AWSRequest("GET", f"{way.base}{_quoted(wanted['Key'])}", headers=headers)
        request.stream_output = True
        frozen = self._credentials.get_frozen_credentials()
        S3SigV4Auth(frozen, "s3", way.region).add_auth(request)
        try:
            answer = self._sent(request.prepare(), way.http)
        except (HTTPClientError, ConnectionError):
            self._ways.pop(wanted["Bucket"], None)  # the SDK shows it once more
            return None
        fields = answer.headers
        if answer.status_code != HTTPStatus.OK or not fields.get("content-length"):
            answer.raw.close()
            return None
        return {
            "ETag": fields["etag"],
            "ContentLength": int(fields["content-length"]),
            "Metadata": {
                name[len(_METADATA) :]: value
                for name, value in fields.items()
                if name.lower().startswith(_METADATA)
            },
            "Body": StreamingBody(answer.raw, fields["content-length"]),
        }

    def _sent(self, request: AWSPreparedRequest, http: URLLib3Session) -> Any:
        for _, answer in self._events.emit(_SENDING, request=request):
            if answer is not None:  # as the SDK has it: who listens may answer
                return answer
        return http.send(request)


def _quoted(key: str) -> str:
    return quote(key, safe="/~")


def _text(value: "str | bytes") -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
