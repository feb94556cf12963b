"""Who signed a request: AWS's signatures, checked by botocore's own signers.

Signature Version 4 in the Authorization header or in the URL, and the URLs that S3 signed before
it, which boto3 still makes. A body is part of the signature, itself or by its hash: `Signed` says
which, and whoever passes the body on holds it against that. S3 lets a body go unsigned
(UNSIGNED-PAYLOAD, URLs) or sign itself in chunks (STREAMING-...), which nobody looks at here.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import datetime as dt
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

Secrets = Callable[[str], str | None]
"""Which secret key belongs to an access key; None: nobody's."""

HASH = "x-amz-content-sha256"
_ALGORITHM = "AWS4-HMAC-SHA256"
_SKEW = dt.timedelta(minutes=15)
_HASHED = re.compile(r"[0-9a-f]{64}")
_FIELDS = re.compile(
    rf"{_ALGORITHM} Credential=([^\s,]+),\s*SignedHeaders=([^\s,]+),\s*Signature=([0-9a-f]+)"
)


class Unsigned(Exception):
    """There is no signature."""


class UnknownKey(Exception):
    """It was signed by a key that is nobody's."""


class WrongSignature(Exception):
    """It was signed by another secret, or changed since."""


class WrongBody(Exception):
    """Its body is not the one whose hash was signed."""


class Expired(Exception):
    """It was signed too long ago."""


@dataclass(frozen=True)
class Request:
    """A request as it came: the path and query not decoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]

    def header(self, name: str) -> str:
        """Return a header's value, "" without."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def url(self) -> str:
        """The whole of it, as signers want it."""
        return f"http://{self.header('host')}{self.path}?{self.query}"


@dataclass(frozen=True)
class Signed:
    """What a request says of its signature."""

    request: Request
    access_key: str
    service: str
    signature: str
    by: Callable[[Credentials, bytes], str]
    expires: dt.datetime
    needs_body: bool
    body_hash: str | None = None
    """SHA-256 that the body has to have, in hexadecimal digits; None: none was signed."""

    def check(self, secrets: Secrets, body: bytes, now: dt.datetime) -> None:
        """Raise UnknownKey, WrongSignature or Expired unless the key's owner made it, in time."""
        right = self.by(credentials(secrets, self.access_key), body)
        if not hmac.compare_digest(right.encode(), self.signature.encode()):
            raise WrongSignature
        if now > self.expires:
            raise Expired


def credentials(secrets: Secrets, access_key: str) -> Credentials:
    """Return a key with its secret; raises UnknownKey."""
    secret = secrets(access_key)
    if secret is None:
        raise UnknownKey
    return Credentials(access_key, secret)


def read(request: Request) -> Signed:
    """Return what a request says of its signature; raises Unsigned, WrongSignature."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    try:
        if fields := _FIELDS.fullmatch(request.header("authorization")):
            return _in_header(request, *fields.groups())
        if query.get("X-Amz-Algorithm") == _ALGORITHM:
            return _in_url(request, query)
        if "AWSAccessKeyId" in query and "Signature" in query:
            return _in_old_url(request, query)
    except (KeyError, ValueError) as exc:
        raise WrongSignature from exc
    raise Unsigned


def _in_header(request: Request, scope: str, names: str, signature: str) -> Signed:
    stamp = request.header("x-amz-date")
    time = _time(stamp)
    hashed = HASH in names.split(";")
    promised = _HASHED.fullmatch(request.header(HASH)) if hashed else None
    made = _signer(request, scope, names, stamp, request.query)
    key, service = _key_and_service(scope)
    return Signed(
        request,
        key,
        service,
        signature,
        made,
        time + _SKEW,
        needs_body=not hashed,
        body_hash=promised[0] if promised else None,
    )


def _in_url(request: Request, query: dict[str, str]) -> Signed:
    scope, stamp = query["X-Amz-Credential"], query["X-Amz-Date"]
    rest = "&".join(
        pair for pair in request.query.split("&") if not pair.startswith("X-Amz-Signature=")
    )
    made = _signer(request, scope, query["X-Amz-SignedHeaders"], stamp, rest, in_url=True)
    key, service = _key_and_service(scope)
    until = _time(stamp) + dt.timedelta(seconds=int(query["X-Amz-Expires"]))
    return Signed(request, key, service, query["X-Amz-Signature"], made, until, service != "s3")


def _in_old_url(request: Request, query: dict[str, str]) -> Signed:
    expires = query["Expires"]
    given = {name: value for name, value in request.headers if name.startswith("x-amz-")}
    given |= {
        name: value
        for name, value in query.items()
        if name.startswith("x-amz-") or name in {"content-md5", "content-type"}
    }

    def made(owner: Credentials, _body: bytes) -> str:
        headers: Any = _headers(given.items())
        signer = _Old(owner)
        signer.until = expires
        signature: str = signer.get_signature(request.method, urlsplit(request.url), headers)
        return signature

    until = dt.datetime.fromtimestamp(int(expires), dt.UTC)
    return Signed(request, query["AWSAccessKeyId"], "s3", query["Signature"], made, until, False)


def _signer(
    request: Request, scope: str, names: str, stamp: str, query: str, *, in_url: bool = False
) -> Callable[[Credentials, bytes], str]:
    """Return what signs a request again as its signer did."""
    _key, day, region, service, _end = scope.split("/")
    if not stamp.startswith(day):
        raise ValueError(f"{stamp} is not of {day}")
    signed = set(names.split(";"))
    if "host" not in signed:
        raise ValueError("the host is not signed")
    headers: Any = _headers(item for item in request.headers if item[0] in signed)
    if in_url and service == "s3":
        headers[HASH] = "UNSIGNED-PAYLOAD"

    def made(owner: Credentials, body: bytes) -> str:
        signer = (_S3 if service == "s3" else _Other)(owner, service, region)
        signer.names = signed
        address = f"http://{request.header('host')}{request.path}?{query}"
        again: Any = AWSRequest(request.method, address, headers=headers, data=body)
        again.context["timestamp"] = stamp
        text = signer.string_to_sign(again, signer.canonical_request(again))
        signature: str = signer.signature(text, again)
        return signature

    return made


class _Exactly:
    """Signs the headers that were signed, and no others."""

    names: set[str]

    def headers_to_sign(self, request: Any) -> HTTPHeaders:
        return _headers(item for item in request.headers.items() if item[0] in self.names)


class _S3(_Exactly, auth.S3SigV4Auth):
    pass


class _Other(_Exactly, auth.SigV4Auth):
    pass


class _Old(auth.HmacV1QueryAuth):
    until: str

    def _get_date(self) -> str:
        return self.until


def _headers(items: Any) -> HTTPHeaders:
    headers = HTTPHeaders()
    for name, value in items:
        headers.add_header(name, value)
    return headers


def _key_and_service(scope: str) -> tuple[str, str]:
    key, _day, _region, service, _end = scope.split("/")
    return key, service


def _time(stamp: str) -> dt.datetime:
    return dt.datetime.strptime(stamp, auth.SIGV4_TIMESTAMP).replace(tzinfo=dt.UTC)
