"""One image from S3, exactly the version that was planned, or the verdict why not."""

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, no OSError
    HTTPClientError,
    IncompleteReadError,
)

from tagline.aws.faults import error_code
from tagline.aws.requester_pays import paying
from tagline.aws.sessions import sending_at_once, session, user_agent
from tagline.formats.locations import plain_etag
from tagline.formats.reasons import Reason

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

GRACE = 5.0  # seconds beyond the deadline for an image that is on its way
_CHUNK = 1 << 20
_ATTEMPTS = 4  # of a connection that breaks; a refusal that may pass is retried until the deadline
_FIRST_PAUSE = 0.2  # seconds at most, doubled each time
_LONGEST_PAUSE = 20.0
_BROKEN = (ConnectionError, HTTPClientError, IncompleteReadError)

_SERVER_FAULT = 500
_PASSING = {  # besides the server's faults
    "SlowDown",
    "RequestTimeout",
    "OperationAborted",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "RequestThrottled",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "429",
}
_OWN_FAULT = {  # our credentials, account or clock: no fault of the image
    "AccountProblem",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidSecurity",
    "InvalidToken",
    "NotSignedUp",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
_KMS_REFUSALS = {  # other answers of KMS pass
    "KMS.AccessDeniedException",
    "KMS.DisabledException",
    "KMS.IncorrectKeyException",
    "KMS.InvalidArnException",
    "KMS.InvalidCiphertextException",
    "KMS.InvalidGrantTokenException",
    "KMS.InvalidKeyUsageException",
    "KMS.KMSInvalidStateException",
    "KMS.NotFoundException",
}
_VERDICTS = {  # every other refusal is ACCESS_DENIED
    "NoSuchKey": Reason.MISSING_OBJECT,
    "NoSuchBucket": Reason.MISSING_OBJECT,
    "NoSuchVersion": Reason.MISSING_OBJECT,
    "404": Reason.MISSING_OBJECT,
    "PreconditionFailed": Reason.OBJECT_CHANGED,
    "412": Reason.OBJECT_CHANGED,
    "InvalidObjectState": Reason.ARCHIVED_OBJECT,
}


class ShardOutOfTime(RuntimeError):
    """The time given to a shard is nearly over; another attempt starts it again."""

    def __init__(self, trouble: object = "") -> None:
        super().__init__(
            "the shard's images did not arrive in time; it is retried, and if that does not help "
            "the images' bucket answers too slowly for the function's timeout"
            + (f"; the last answer: {trouble}" if trouble else "")
        )


class Wanted(Protocol):
    """An object: `etag` (without quotes) and `size` of the version that is meant, where known."""

    @property
    def bucket(self) -> str:
        """Its bucket."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def etag(self) -> str | None:
        """None: any version will do."""

    @property
    def size(self) -> int | None:
        """Bytes."""


class Fetched(NamedTuple):
    """An image's bytes, or the reason why there are none."""

    data: bytes | None
    reason: Reason | None = None
    detail: str = ""


def image_client(connections: int) -> "S3Client":
    """Return a client for `connections` requests at a time, which retries throttling with jitter.

    Its timeouts are short, and its retries few, so that nothing stuck costs a shard its time:
    `fetch_image` goes on where it gives up.
    """
    config = Config(
        max_pool_connections=connections,
        connect_timeout=5,
        read_timeout=15,
        retries={"mode": "standard", "total_max_attempts": 3},
        user_agent=user_agent(),
        parameter_validation=False,  # bucket and key are an object's that was listed
    )
    return paying(sending_at_once(session().client("s3", config=config)))


def fetch_image(
    client: "S3Client",
    row: Wanted,
    deadline: float,
    wait: Callable[[float], bool | None] = time.sleep,
    *,
    most: int | None = None,
) -> Fetched:
    """Fetch the image of a shard's row, begun before `deadline`; at most `most` bytes of it.

    That is a time of time.monotonic(). Throttling and faults of the service are retried with
    jitter until then; `wait` lets seconds pass, and is true where nobody wants the image any more.
    Raises ShardOutOfTime when either ends it, and the client's error where only a person or another
    call may help.
    """
    where = f"s3://{row.bucket}/{row.key}"
    longest = _FIRST_PAUSE
    breaks = 0
    while True:
        try:
            return _fetch(client, row, where, deadline, most)
        except _BROKEN as exc:
            breaks += 1
            if breaks == _ATTEMPTS:
                raise
            trouble: Exception = exc
        except ClientError as exc:
            if not may_pass(exc):
                raise
            trouble = exc
        pause = random.uniform(0, longest)  # noqa: S311 - jitter
        if time.monotonic() + pause >= deadline or wait(pause):
            raise ShardOutOfTime(f"{trouble} ({where})") from trouble
        longest = min(2 * longest, _LONGEST_PAUSE)


def may_pass(exc: ClientError) -> bool:
    """Return whether the service may answer otherwise when it is asked again."""
    code = error_code(exc)
    if code.startswith("KMS."):
        return code not in _KMS_REFUSALS
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= _SERVER_FAULT or code in _PASSING


def _fetch(
    client: "S3Client", row: Wanted, where: str, deadline: float, most: int | None
) -> Fetched:
    if time.monotonic() > deadline:
        raise ShardOutOfTime
    wanted: dict[str, Any] = {"IfMatch": f'"{row.etag}"'} if row.etag else {}
    try:
        answer = client.get_object(Bucket=row.bucket, Key=row.key, **wanted)
    except ClientError as exc:
        code = error_code(exc)
        if code in _OWN_FAULT or may_pass(exc):
            raise
        message = exc.response.get("Error", {}).get("Message", "")
        reason = _VERDICTS.get(code, Reason.ACCESS_DENIED)
        return Fetched(None, reason, f"{code}: {message} ({where})"[:300])
    size = answer["ContentLength"] if row.size is None else row.size
    if not size:
        return Fetched(None, Reason.EMPTY_OBJECT, f"{where} has 0 bytes")
    if most is not None and size > most:
        answer["Body"].close()
        said = f"{where} has {size:,} bytes; at most {most:,} are taken here"
        return Fetched(None, Reason.OBJECT_TOO_LARGE, said)
    data = _read(answer, size, deadline)
    if data is None or (row.etag and plain_etag(answer["ETag"]) != row.etag):
        return Fetched(
            None, Reason.OBJECT_CHANGED, f"{where} is not the object that was listed any more"
        )
    return Fetched(data)


def _read(answer: "GetObjectOutputTypeDef", size: int, deadline: float) -> bytes | None:
    """Return the body if it is `size` bytes long; a slow one ends soon after the deadline."""
    parts: list[bytes] = []
    left = size + 1
    with answer["Body"] as body:
        while left and (part := body.read(min(left, _CHUNK))):
            parts.append(part)
            left -= len(part)
            if time.monotonic() > deadline + GRACE:
                raise ShardOutOfTime
    return b"".join(parts) if left == 1 else None
