"""Answers as the caller's method and cache want them: HEAD has no body, what is known is a 304.

Every answer has an ETag over its bytes. That of one with links leaves their signatures out, which
are others each time, and changes before the links' time is over.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

import msgspec

from tagline.api.documents import LINK_SECONDS, Part
from tagline.api.problem import Answer, json_answer
from tagline.api.requests import Request
from tagline.api.run_documents import (
    Link,
)

_READS = {"GET", "HEAD"}


def as_asked(request: Request, answer: Answer) -> Answer:
    """Return an answer with its ETag, or without its body where none is wanted."""
    if answer.status == HTTPStatus.OK:
        told = answer.body if answer.known_by is None else answer.known_by
        etag = f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
        answer = replace(answer, headers={**answer.headers, "ETag": etag})
        if request.method in _READS and _knows(request.headers.get("if-none-match", ""), etag):
            return replace(answer, status=HTTPStatus.NOT_MODIFIED, body="")
    return replace(answer, body="") if request.method == "HEAD" else answer


def linking(document: Part, caching: str, clock: Callable[[], float] = time.time) -> Answer:
    """Return a document as an answer; one with links stays the same for half of their time."""
    found = ((name, getattr(document, name)) for name in document.__struct_fields__)
    unsigned = {
        name: msgspec.structs.replace(value, url="")
        for name, value in found
        if isinstance(value, Link)
    }
    if not unsigned:
        return json_answer(document, caching)
    rest = json_answer(msgspec.structs.replace(document, **unsigned)).body
    period = int(clock() / (LINK_SECONDS / 2))
    return replace(json_answer(document, caching), known_by=f"{period} {rest}")


def _knows(header: str, etag: str) -> bool:
    """Tell whether If-None-Match names an ETag, weakly as RFC 9110 has it."""
    tags = (tag.strip().removeprefix("W/") for tag in header.split(","))
    return header.strip() == "*" or etag in tags
