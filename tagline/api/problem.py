"""Answers of the HTTP API: JSON, and problems as RFC 9457 has them.

Every problem carries `code`, a stable name that programs may compare; its words may change.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType

import msgspec
from msgspec import UNSET, UnsetType

from tagline.api.documents import ProblemDocument
from tagline.formats.document import Record
from tagline.formats.kinds import Kind

PROBLEM_JSON = "application/problem+json"
_EVERYWHERE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class HttpAnswer(Record, kw_only=True, rename="camel"):
    """An answer in the form API Gateway takes (payload format 2.0)."""

    status_code: int
    headers: Mapping[str, str]
    body: str
    is_base64_encoded: bool = False


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: a status, a text body with its media type, and further headers."""

    body: str
    content_type: str = "application/json"
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=lambda: {"Cache-Control": "no-store"})
    known_by: str | None = None
    """What its ETag is made of, where that is not the body."""

    def for_gateway(self) -> HttpAnswer:
        """Return the answer as API Gateway takes it, with the headers that every answer has."""
        headers = {"Content-Type": self.content_type, **_EVERYWHERE, **self.headers}
        return HttpAnswer(status_code=int(self.status), headers=headers, body=self.body)


def json_answer(
    document: msgspec.Struct, caching: str = "no-store", status: HTTPStatus = HTTPStatus.OK
) -> Answer:
    """Return `document` as an answer, a 200 unless told; no cache keeps it, unless told."""
    return Answer(_json(document), status=status, headers={"Cache-Control": caching})


class Problem(Exception):
    """What is wrong with a request or with the service, and the status that says so.

    `detail` is one or two sentences for the caller: what, where, what to do. `running` are the
    runs that are going on, `headers` go with the answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        retry_after: int | None = None,
        running: list[str] | UnsetType = UNSET,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.running = running
        self.headers = headers

    def document(self, request_id: str) -> ProblemDocument:
        """Return what the caller is told."""
        return ProblemDocument(
            title=self.status.phrase,
            status=int(self.status),
            code=self.code,
            detail=self.detail,
            request_id=request_id,
            running=self.running,
        )

    def to_answer(self, request_id: str) -> Answer:
        """Return the problem as `application/problem+json`."""
        headers = {"Cache-Control": "no-store", **self.headers}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return Answer(_json(self.document(request_id)), PROBLEM_JSON, self.status, headers)


def bad_request(code: str, detail: str) -> Problem:
    """Return a 400: the caller can mend the request."""
    return Problem(HTTPStatus.BAD_REQUEST, code, detail)


def not_found(code: str, detail: str) -> Problem:
    """Return a 404."""
    return Problem(HTTPStatus.NOT_FOUND, code, detail)


def unprocessable(code: str, detail: str) -> Problem:
    """Return a 422: the request reads well, and cannot be."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, code, detail)


def unavailable(code: str, detail: str, retry_after: int) -> Problem:
    """Return a 503 with the seconds after which trying again makes sense."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, retry_after=retry_after)


def _json(document: msgspec.Struct) -> str:
    # not msgspec's own: a caller's words may hold what is no UTF-8, which json escapes
    return json.dumps(msgspec.to_builtins(document), allow_nan=False)


def other_kind(dataset: str, kind: Kind, what: str = "") -> Problem:
    """Return a 409 for what is asked of a dataset of the other kind, with what to ask instead."""
    instead = {
        Kind.IMAGES: f"POST an image to /datasets/{dataset}/tags instead",
        Kind.RATINGS: f"GET /datasets/{dataset}/recommendations?user=… instead",
    }[kind]
    if what == "feedback":
        instead = {
            Kind.IMAGES: "feedback names an image there, and its labels",
            Kind.RATINGS: 'feedback is {"user": …, "item": …} there',
        }[kind]
    return Problem(HTTPStatus.CONFLICT, "other_kind", f"Dataset {dataset} is of {kind}: {instead}.")
