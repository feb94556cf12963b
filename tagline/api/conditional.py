"""Answers as the caller's method and cache want them: HEAD has no body, what is known is a 304.

Every answer has an ETag over its bytes. A run's changes with the signatures of its links, so that
nobody goes on with links whose time is over.
"""

import hashlib
from dataclasses import replace
from http import HTTPStatus

from tagline.api.problem import Answer
from tagline.api.requests import Request

_READS = {"GET", "HEAD"}


def as_asked(request: Request, answer: Answer) -> Answer:
    """Return an answer with its ETag, or without its body where none is wanted."""
    if answer.status == HTTPStatus.OK:
        etag = f'"{hashlib.sha256(answer.body.encode()).hexdigest()[:32]}"'
        answer = replace(answer, headers={**answer.headers, "ETag": etag})
        if request.method in _READS and _knows(request.headers.get("if-none-match", ""), etag):
            return replace(answer, status=HTTPStatus.NOT_MODIFIED, body="")
    return replace(answer, body="") if request.method == "HEAD" else answer


def _knows(header: str, etag: str) -> bool:
    """Tell whether If-None-Match names an ETag, weakly as RFC 9110 has it."""
    tags = (tag.strip().removeprefix("W/") for tag in header.split(","))
    return header.strip() == "*" or etag in tags
