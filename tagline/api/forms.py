"""Several images in one request: the files of a form (multipart/form-data, RFC 7578)."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple

from tagline.api.problem import Problem, bad_request

MAX_IMAGES = 16
FORM = "multipart/form-data"
_MAX_NAME = 200
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb'[;\s](filename|name)="((?:[^"\\\r\n]|\\.)*)"', re.IGNORECASE)
_HEADERS_END = b"\r\n\r\n"


class File(NamedTuple):
    """A part of a form: its file's name, or its field's without one, and its bytes."""

    name: str
    data: bytes


def files_of(body: bytes, content_type: str) -> list[File]:
    """Return the parts of a form in their order.

    Raises a 400 for what is no form or has no part, a 413 for more than MAX_IMAGES.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise _malformed("its Content-Type names no boundary")
    line = b"\r\n--" + (found[1] or found[2]).encode("utf-8", "replace")
    _, *parts = (b"\r\n" + body).split(line, MAX_IMAGES + 2)
    if len(parts) == MAX_IMAGES + 2:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too_many_images",
            f"A request may have {MAX_IMAGES} images at most.",
        )
    if not parts or not parts.pop().startswith(b"--"):
        raise _malformed("its last boundary is missing: it was cut off, or has another one")
    if not parts:
        raise _malformed("it has no file")
    return list(_read(parts))


def _read(parts: list[bytes]) -> Iterator[File]:
    for number, part in enumerate(parts, 1):
        padding, _, rest = part.partition(b"\r\n")
        head, ended, data = rest.partition(_HEADERS_END)
        names = {key.lower(): value for key, value in _NAME.findall(head)}
        if padding.strip(b" \t") or not ended or not names:
            raise _malformed(f"part {number} has no Content-Disposition with a name")
        name = names.get(b"filename") or names.get(b"name", b"")
        yield File(name.decode("utf-8", "replace")[:_MAX_NAME], data)


def _malformed(why: str) -> Problem:
    return bad_request("bad_form", f"The form cannot be read: {why}.")
