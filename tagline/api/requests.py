"""Reading a request: an HTTP API event (payload format 2.0) into checked values.

API Gateway delivers `text/*`, JSON, XML and JavaScript bodies as text and all others, forms and
bodies without a content type included, as base64; `Request.body` hides the difference.
"""

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from tagline.api.documents import ImageLocation, InlineImage
from tagline.api.problem import Problem, bad_request, not_found
from tagline.formats.document import Record
from tagline.formats.names import DATASET, InvalidName, check_dataset, dataset_of_run

# Lambda takes events of 6 MB, in which base64 makes 4 bytes of every 3; the rest is for headers.
MAX_BODY_BYTES = 4_500_000
MAX_JSON_BYTES = 16_384
MAX_TOP_K = 1000
MAX_PAGE = 100
DEFAULT_PAGE = 20
_NUMBER = re.compile(r"(?:[0-9]{1,20}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
_DATA_URL = re.compile(r"^\s*data:[^,]{0,200};base64,")
_ALPHABET = str.maketrans({"-": "+", "_": "/", **dict.fromkeys(" \t\r\n")})
_GZIP = b"\x1f\x8b"
_COUNT = re.compile(r"[0-9]{1,9}")


class _Token(Record, kw_only=True):
    claims: Mapping[str, object] = {}


class _Signer(Record, kw_only=True, rename="camel"):
    user_arn: str | None = None


class _Authorizer(Record, kw_only=True):
    jwt: _Token | None = None
    iam: _Signer | None = None


class _Http(Record, kw_only=True):
    method: str
    path: str


class _Context(Record, kw_only=True, rename="camel"):
    request_id: str
    http: _Http
    authorizer: _Authorizer | None = None


class _Event(Record, kw_only=True, rename="camel"):
    """What is read of an HTTP API event."""

    route_key: str
    path_parameters: Mapping[str, str] | None = None
    query_string_parameters: Mapping[str, str] | None = None
    headers: Mapping[str, str] = {}
    body: str | None = None
    is_base64_encoded: bool = False
    request_context: _Context


@dataclass(frozen=True)
class Request:
    """One call of the HTTP API: route such as `GET /datasets/{dataset}`, parameters, body.

    HEAD asks by the route of GET; `method` tells them apart.
    """

    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    encoded_body: str
    is_base64: bool
    request_id: str
    claims: Mapping[str, object] | None = None
    """What API Gateway found in the caller's token; None where it asked for none."""
    signer: str | None = None
    """The ARN of who signed the request; None where nobody had to."""
    method: str = "GET"
    place: str = "/"
    """The path as it was asked for."""

    @classmethod
    def of(cls, event: Mapping[str, object]) -> "Request":
        """Return the request of an event; what API Gateway leaves out is empty."""
        found = msgspec.convert(event, _Event)
        authorizer = found.request_context.authorizer
        return cls(
            route=re.sub("^HEAD ", "GET ", found.route_key),
            path=found.path_parameters or {},
            query=_asked(found.query_string_parameters or {}),
            headers={name.lower(): value for name, value in found.headers.items()},
            encoded_body=found.body or "",
            is_base64=found.is_base64_encoded,
            request_id=found.request_context.request_id,
            claims=authorizer.jwt.claims if authorizer and authorizer.jwt else None,
            signer=authorizer.iam.user_arn if authorizer and authorizer.iam else None,
            method=found.request_context.http.method,
            place=found.request_context.http.path,
        )

    @property
    def caller(self) -> str | None:
        """A token's subject, or the ARN of who signed; None where nobody has to."""
        if not self.claims:
            return self.signer
        return str(self.claims.get("sub") or self.claims.get("client_id") or "") or None

    @property
    def media_type(self) -> str:
        """The declared content type without its parameters, in lower case; may be empty."""
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()

    def body(self) -> bytes:
        """Return the body's bytes, or raise a 400 or 413 before decoding too much."""
        if not self.is_base64:
            data = self.encoded_body.encode("utf-8", "surrogatepass")
        elif len(self.encoded_body) > MAX_BODY_BYTES * 4 // 3 + 4:
            raise _too_large()
        else:
            try:
                data = base64.b64decode(self.encoded_body, validate=True)
            except ValueError as exc:  # binascii.Error, or a character outside ASCII
                raise bad_request("bad_base64", f"The body is not valid base64: {exc}.") from exc
        if len(data) > MAX_BODY_BYTES:
            raise _too_large()
        return data

    def dataset(self) -> str:
        """Return the path's dataset, or raise a 404: no dataset can have such a name."""
        try:
            return check_dataset(self.path["dataset"])
        except InvalidName as exc:
            raise not_found("unknown_dataset", f"{exc}.") from exc

    def run(self) -> str:
        """Return the path's run, which belongs to the path's dataset, or raise a 404."""
        dataset, run = self.dataset(), self.path["run"]
        try:
            owner = dataset_of_run(run)
        except InvalidName as exc:
            raise not_found("unknown_run", f"{exc}.") from exc
        if owner != dataset:
            raise not_found("unknown_run", f"Run {run} belongs to dataset {owner}, not {dataset}.")
        return run


@dataclass(frozen=True)
class TagQuery:
    """How the caller wants tags chosen: one score for all labels, at most so many, of some only."""

    threshold: float | None = None
    top_k: int | None = None
    labels: str | None = None
    """The labels that are asked for, commas between them, of which a label may have some itself."""
    explain: bool = False
    """Whether each tag is to say what it hangs on."""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "TagQuery":
        """Check `threshold` (0 to 1), `top_k` (1 to 1000), `labels`, `explain` (0 or 1).

        Anything else is a 400.
        """
        only(query, "threshold", "top_k", "labels", "explain")
        if query.get("explain", "0") not in {"0", "1"}:
            raise bad_request("bad_query", "explain must be 0 or 1.")
        threshold = query.get("threshold")
        top_k = query.get("top_k")
        return cls(
            None if threshold is None else _fraction("threshold", threshold),
            None if top_k is None else count("top_k", top_k, MAX_TOP_K),
            query.get("labels"),
            query.get("explain") == "1",
        )


@dataclass(frozen=True)
class Page:
    """Which part of a listing: at most `limit` entries after the one named `after`."""

    limit: int = DEFAULT_PAGE
    after: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, str], names: re.Pattern[str] = DATASET) -> "Page":
        """Check `limit` (1 to 100) and `next` (as an earlier page gave it)."""
        only(query, "limit", "next")
        after = query.get("next")
        if after is not None and not names.fullmatch(after):
            raise bad_request("bad_query", "next must be the value an earlier page gave.")
        return cls(count("limit", query.get("limit", str(DEFAULT_PAGE)), MAX_PAGE), after)


def asked_in_json(body: bytes) -> ImageLocation | InlineImage:
    """Return what `{"s3_uri": …}` or `{"image": …}` asks, or raise a 400 that says why not."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as exc:  # ValueError: also bytes that are not UTF-8
        raise bad_request("bad_json", "The body is not JSON of a sensible depth.") from exc
    inline = isinstance(document, dict) and "image" in document
    if not inline and len(body) > MAX_JSON_BYTES:
        raise bad_request("bad_json", f"JSON with an s3_uri may have {MAX_JSON_BYTES} bytes.")
    try:
        if inline:
            return msgspec.convert(document, InlineImage)
        return msgspec.convert(document, ImageLocation)
    except msgspec.ValidationError as exc:
        if str(exc).endswith("`$.s3_uri`"):
            raise bad_request("bad_s3_uri", "s3_uri must be s3://bucket/key.") from exc
        raise bad_request(
            "bad_json",
            'The JSON body must be {"s3_uri": "s3://bucket/key"} or {"image": "<base64>"}.',
        ) from exc


def decoded(text: str) -> bytes:
    """Return the bytes of base64, of either alphabet, or of a data: URL of it; or raise a 400."""
    plain = _DATA_URL.sub("", text, count=1).translate(_ALPHABET).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError as exc:
        raise bad_request("bad_base64", f"The image is not valid base64: {exc}.") from exc


def unpacked(data: bytes) -> bytes:
    """Return a body whose gzip is undone; raises a 400 or, before unpacking too much, a 413."""
    if not data.startswith(_GZIP):
        return data
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = inflate.decompress(data, MAX_BODY_BYTES + 1)
    except zlib.error as exc:
        raise bad_request("bad_gzip", "The body is gzip data that is damaged.") from exc
    if len(plain) > MAX_BODY_BYTES:
        raise _too_large()
    if not inflate.eof:
        raise bad_request("bad_gzip", "The body is gzip data that ends early.")
    return plain


def _asked(query: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parameters without those of a signature in the URL, which API Gateway judged."""
    if "X-Amz-Signature" not in query:
        return query
    return {name: value for name, value in query.items() if not name.startswith("X-Amz-")}


def only(query: Mapping[str, str], *allowed: str) -> None:
    """Raise a 400 for a query parameter that is not among those allowed."""
    unknown = sorted(query.keys() - set(allowed))
    if unknown:
        raise bad_request(
            "unknown_parameter",
            f"Unknown query parameter {unknown[0][:60]!r}; known here: {', '.join(allowed)}.",
        )


def _fraction(name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text) or float(text) > 1:
        raise bad_request("bad_query", f"{name} must be a number from 0 to 1.")
    return float(text)


def count(name: str, text: str, most: int) -> int:
    """Return a whole number from 1 to `most`, or raise a 400."""
    if not _COUNT.fullmatch(text) or not 1 <= int(text) <= most:
        raise bad_request("bad_query", f"{name} must be a whole number from 1 to {most}.")
    return int(text)


def _too_large() -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_too_large",
        f"The body may have {MAX_BODY_BYTES} bytes at most. Put the image into the data bucket "
        'or a source bucket and send {"s3_uri": "s3://bucket/key"} instead.',
    )
