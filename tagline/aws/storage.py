"""Objects in S3 besides JSON documents: bounded reads, and JSON Lines of any length."""

import json
import tempfile
from collections.abc import Iterable, Mapping
from typing import IO, TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_IN_MEMORY = 8 << 20
_CHUNK = 1 << 20
_ABSENT = frozenset({"NoSuchKey", "404", "NoSuchVersion"})


class Readable(Protocol):
    """What bytes can be read from: a file, or the body of an answer."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; empty at the end."""


class DocumentTooLarge(ValueError):
    """An object is larger than its reader allows."""


def error_code(exc: ClientError) -> str:
    """Return the code S3 gave for a refused request, such as NoSuchKey or 412."""
    return str(exc.response.get("Error", {}).get("Code", ""))


def read_object(client: "S3Client", bucket: str, key: str, limit: int) -> bytes | None:
    """Return an object's bytes, or None when there is none; raises DocumentTooLarge."""
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
    except ClientError as exc:
        if error_code(exc) in _ABSENT:
            return None
        raise
    with answer["Body"] as body:
        data: bytes = body.read(limit + 1)
    if len(data) > limit:
        raise DocumentTooLarge(f"s3://{bucket}/{key} is larger than {limit:,} bytes")
    return data


def write_lines(
    client: "S3Client", bucket: str, key: str, records: Iterable[Mapping[str, object]]
) -> None:
    """Write records as JSON Lines; more than a few MiB wait on disk, not in memory."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        for record in records:
            spool.write(json_line(record))
        spool.seek(0)
        extra = {"ContentType": "application/x-ndjson"}
        client.upload_fileobj(spool, bucket, key, ExtraArgs=extra)


def json_line(record: Mapping[str, object]) -> bytes:
    """Return a record as one line of JSON."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def copy_body(body: Readable, target: IO[bytes], limit: int) -> int:
    """Copy at most `limit` bytes; returns their number, `limit` + 1 where there were more."""
    size = 0
    while chunk := body.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            return limit + 1
        target.write(chunk)
    return size
