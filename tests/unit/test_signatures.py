"""Signatures, held against botocore's own signers and against AWS's published example."""

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import signatures
from local.signatures import Expired, Request, UnknownKey, Unsigned, WrongSignature

KEY, SECRET = "test", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "127.0.0.1:4566"
BODY = b'{"a": 1}'


def secrets(key: str) -> str | None:
    return {KEY: SECRET}.get(key)


def arrived(signed: Any, **headers: str) -> Request:
    """Return a signed request as a server meets it."""
    parts = urlsplit(signed.url)
    found = {**{name.lower(): str(value) for name, value in signed.headers.items()}, **headers}
    found.setdefault("host", HOST)
    return Request(signed.method, parts.path, parts.query, list(found.items()))


def sign(signer: type, service: str, url: str, method: str = "POST", **options: Any) -> Request:
    data = b"" if method == "GET" else BODY
    request: Any = AWSRequest(
        method, f"http://{HOST}{url}", headers=options.pop("headers", {}), data=data
    )
    signer(Credentials(KEY, options.pop("secret", SECRET)), service, "us-east-1").add_auth(request)
    return arrived(request)


def check(request: Request, body: bytes = BODY, later: float = 0) -> None:
    now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=later)
    signatures.read(request).check(secrets, body, now)


PATHS = ["/", "/2015-03-31/functions/a%3Ab/invocations", "/?b=2&a=%20x&a=1&c", "/a//b/../c"]


@pytest.mark.parametrize("path", PATHS)
def test_what_botocore_signs_is_right(path: str) -> None:
    check(sign(auth.SigV4Auth, "lambda", path, headers={"X-Amz-Target": "a  b"}))


@pytest.mark.parametrize("path", [*PATHS, "/bucket/%D0%B0%20b+c~d?uploads", "/b/k?versionId=x%2Fy"])
def test_what_botocore_signs_for_s3_is_right(path: str) -> None:
    check(sign(auth.S3SigV4Auth, "s3", path, "PUT"), b"not looked at: its hash is signed")


@pytest.mark.parametrize("signer", [auth.S3SigV4QueryAuth, auth.SigV4QueryAuth])
def test_urls_are_right_until_they_expire(signer: type) -> None:
    service = "s3" if signer is auth.S3SigV4QueryAuth else "sts"
    request = sign(signer, service, "/bucket/a%20b?versionId=1", "GET")
    check(request, b"", later=3590)
    with pytest.raises(Expired):
        check(request, b"", later=3610)


def old_url(url: str, method: str = "GET", **headers: str) -> Request:
    request: Any = AWSRequest(method, f"http://{HOST}{url}", headers=headers)
    auth.HmacV1QueryAuth(Credentials(KEY, SECRET), expires=100).add_auth(request)
    parts = urlsplit(request.url)
    return Request(method, parts.path, parts.query, [("host", HOST)])


def test_s3s_older_urls_are_right_until_they_expire() -> None:
    request = old_url("/bucket/key?versionId=1&response-content-type=text%2Fplain")
    check(request, later=90)
    check(old_url("/bucket/key", "PUT", **{"Content-Type": "image/png", "x-amz-meta-a": "b"}))
    with pytest.raises(Expired):
        check(request, later=110)
    with pytest.raises(WrongSignature):
        check(Request("PUT", request.path, request.query, request.headers))


def test_a_request_is_good_for_a_quarter_of_an_hour() -> None:
    request = sign(auth.SigV4Auth, "sqs", "/")
    check(request, later=890)
    with pytest.raises(Expired):
        check(request, later=910)


def test_another_secret_is_refused() -> None:
    with pytest.raises(WrongSignature):
        check(sign(auth.SigV4Auth, "sqs", "/", secret="test"))


def test_another_key_is_refused() -> None:
    request: Any = AWSRequest("GET", f"http://{HOST}/")
    auth.S3SigV4Auth(Credentials("other", SECRET), "s3", "us-east-1").add_auth(request)
    with pytest.raises(UnknownKey):
        check(arrived(request), b"")


def changed(request: Request, **members: Any) -> Request:
    return Request(**{**vars(request), **members})


def test_what_changes_on_the_way_is_noticed() -> None:
    request = sign(auth.SigV4Auth, "states", "/?a=1", headers={"X-Amz-Target": "A.Stop"})
    other = [
        (name, "A.Start" if name == "x-amz-target" else value) for name, value in request.headers
    ]
    for wrong in (
        changed(request, method="PUT"),
        changed(request, path="/x"),
        changed(request, query="a=2"),
        changed(request, headers=other),
    ):
        with pytest.raises(WrongSignature):
            check(wrong)
    with pytest.raises(WrongSignature):
        check(request, b'{"a": 2}')


AUTHORIZATION = "AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host, Signature=00"


@pytest.mark.parametrize(
    "authorization", ["", "Bearer x", "AWS test:sig", "AWS4-HMAC-SHA256", AUTHORIZATION.format("")]
)
def test_what_is_not_signed_is_unsigned(authorization: str) -> None:
    with pytest.raises(Unsigned):
        check(Request("GET", "/", "", [("host", HOST), ("authorization", authorization)]))


@pytest.mark.parametrize(
    "authorization",
    [
        AUTHORIZATION.format("test"),
        AUTHORIZATION.format("test/20260101/us-east-1/s3/aws4_request"),
        AUTHORIZATION.replace("=host", "=date").format("test/20260101/r/s3/aws4_request"),
    ],
)
@pytest.mark.parametrize("date", ["", "20260101", "20260101T000000Z", "yesterday"])
def test_what_is_signed_badly_is_wrong(authorization: str, date: str) -> None:
    headers = [("host", HOST), ("authorization", authorization), ("x-amz-date", date)]
    with pytest.raises(WrongSignature):
        check(Request("GET", "/", "", headers))


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "AWSAccessKeyId=test&Signature=x",
        "AWSAccessKeyId=test&Signature=x&Expires=soon",
    ],
)
def test_an_incomplete_url_is_wrong(query: str) -> None:
    with pytest.raises(WrongSignature):
        check(Request("GET", "/", query, [("host", HOST)]))


def test_aws_published_example_of_a_signed_url() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""
    key = "AKIAIOSFODNN7EXAMPLE"
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential={key}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    request = Request("GET", "/test.txt", query, [("host", "examplebucket.s3.amazonaws.com")])
    own = {key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
    signatures.read(request).check(own.get, b"", dt.datetime(2013, 5, 24, 12, tzinfo=dt.UTC))
