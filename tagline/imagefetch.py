"""One image from S3, exactly the version that was planned, or the verdict why not."""

import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from tagline.reasons import Reason
from tagline.storage import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

_CHUNK = 1 << 20
_ATTEMPTS = 4  # of an answer that breaks off; the client itself retries what is refused
_FIRST_PAUSE = 0.2  # seconds, doubled each time
_BROKEN = (ConnectionClosedError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError)

_VERDICTS = {
    "NoSuchKey": Reason.MISSING_OBJECT,
    "NoSuchBucket": Reason.MISSING_OBJECT,
    "404": Reason.MISSING_OBJECT,
    "PreconditionFailed": Reason.OBJECT_CHANGED,
    "412": Reason.OBJECT_CHANGED,
    "AccessDenied": Reason.ACCESS_DENIED,
    "403": Reason.ACCESS_DENIED,
    "InvalidObjectState": Reason.ARCHIVED_OBJECT,
}


class ShardOutOfTime(RuntimeError):
    """The time given to a shard is nearly over; another attempt starts it again."""

    def __init__(self) -> None:
        super().__init__(
            "the shard's images did not arrive in time; it is retried, and if that does not help "
            "the images' bucket answers too slowly for the function's timeout"
        )


class Fetched(NamedTuple):
    """An image's bytes, or the reason why there are none."""

    data: bytes | None
    reason: Reason | None = None
    detail: str = ""


def image_client(connections: int) -> "S3Client":
    """Return a client for `connections` requests at a time, which retries throttling with jitter.

    Its timeouts are short, so that one stuck connection doesn't cost a shard its time.
    """
    return boto3.client(
        "s3",
        config=Config(
            max_pool_connections=connections,
            connect_timeout=5,
            read_timeout=15,
            retries={"mode": "standard", "total_max_attempts": 6},
        ),
    )


def fetch_image(client: "S3Client", row: Mapping[str, Any], deadline: float) -> Fetched:
    """Fetch the image of a shard's row (bucket, key, etag, size) before `deadline` (monotonic s).

    Raises ShardOutOfTime at the deadline, and the client's error where another attempt may help.
    """
    where = f"s3://{row['bucket']}/{row['key']}"
    for attempt in range(_ATTEMPTS):
        try:
            return _fetch(client, row, where, deadline)
        except _BROKEN:
            pause = random.uniform(0, _FIRST_PAUSE * 2**attempt)  # noqa: S311 - jitter
            if attempt == _ATTEMPTS - 1 or time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _fetch(client: "S3Client", row: Mapping[str, Any], where: str, deadline: float) -> Fetched:
    if time.monotonic() > deadline:
        raise ShardOutOfTime
    try:
        answer = client.get_object(Bucket=row["bucket"], Key=row["key"], IfMatch=f'"{row["etag"]}"')
    except ClientError as exc:
        code = error_code(exc)
        reason = Reason.ACCESS_DENIED if code.startswith("KMS.") else _VERDICTS.get(code)
        if reason is None:
            raise
        message = exc.response.get("Error", {}).get("Message", code)
        return Fetched(None, reason, f"{message} ({where})"[:300])
    data = _read(answer, row["size"], deadline)
    if data is None or answer["ETag"].strip('"') != row["etag"]:
        return Fetched(
            None, Reason.OBJECT_CHANGED, f"{where} is not the object that was listed any more"
        )
    return Fetched(data)


def _read(answer: "GetObjectOutputTypeDef", size: int, deadline: float) -> bytes | None:
    """Return the body if it is `size` bytes long; a slow one ends at the deadline."""
    parts: list[bytes] = []
    left = size + 1
    with answer["Body"] as body:
        while left and (part := body.read(min(left, _CHUNK))):
            parts.append(part)
            left -= len(part)
            if time.monotonic() > deadline:
                raise ShardOutOfTime
    return b"".join(parts) if left == 1 else None
