"""Small JSON documents in S3: read whole, written whole, and only as long as nobody else did.

Conditional writes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_BYTES = 8 * 1024 * 1024
_ABSENT = {"NoSuchKey", "404", "NotFound"}
_CONFLICT = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class MissingDocument(LookupError):
    """A document that a step must have left is not there."""


class UnreadableDocument(ValueError):
    """A document is too large, no JSON, or not an object."""


class WriteConflict(RuntimeError):
    """Somebody else has written the document meanwhile."""


class Document(NamedTuple):
    """A document and the ETag of the version that was read."""

    content: dict[str, Any]
    etag: str


def find_json(s3: "S3Client", bucket: str, key: str) -> Document | None:
    """Return a document, or None when there is none; raises UnreadableDocument."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as exc:
        if exc.response["Error"]["Code"] in _ABSENT:
            return None
        raise
    where = f"s3://{bucket}/{key}"
    if answer["ContentLength"] > MAX_BYTES:
        raise UnreadableDocument(f"{where} has {answer['ContentLength']} bytes, over {MAX_BYTES}")
    try:
        content = json.loads(answer["Body"].read())
    except ValueError as exc:
        raise UnreadableDocument(f"{where} is not JSON: {exc}") from exc
    if not isinstance(content, dict):
        raise UnreadableDocument(f"{where} holds {type(content).__name__}, not an object")
    return Document(content, answer["ETag"])


def read_json(s3: "S3Client", bucket: str, key: str) -> dict[str, Any]:
    """Return a document that must be there; raises MissingDocument or UnreadableDocument."""
    document = find_json(s3, bucket, key)
    if document is None:
        raise MissingDocument(f"s3://{bucket}/{key} is missing: the step before left it unwritten")
    return document.content


def write_json(s3: "S3Client", bucket: str, key: str, content: Mapping[str, Any]) -> None:
    """Write a document, over whatever was there."""
    s3.put_object(Bucket=bucket, Key=key, Body=_encode(content), ContentType="application/json")


def write_json_over(
    s3: "S3Client", bucket: str, key: str, content: Mapping[str, Any], etag: str | None
) -> None:
    """Write a document over the version `etag`, or where there is none when `etag` is None.

    Raises WriteConflict when the document is not, or no longer, that version.
    """
    condition: dict[str, Any] = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    try:
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=_encode(content),
            ContentType="application/json",
            **condition,
        )
    except ClientError as exc:
        code = exc.response["Error"]["Code"]
        if code in _CONFLICT or (etag is not None and code in _ABSENT):
            raise WriteConflict(f"s3://{bucket}/{key} was written by somebody else") from exc
        raise


def _encode(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
