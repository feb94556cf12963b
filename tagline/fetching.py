"""FetchShard: copy one shard's images next to the compute, one verdict a row.

The verdicts are written last: where they exist, the shard is done, and a repeated call returns.
"""

import hashlib
import io
import json
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypedDict

from botocore.exceptions import ClientError

from tagline import storage
from tagline.imagefetch import Fetched, ShardOutOfTime, fetch_image
from tagline.layout import RunKeys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WORKERS = 16
EXPIRING = "tagline=shard"  # the data bucket's lifecycle rule drops objects of this tag
MAX_SHARD_ROWS_BYTES = 256 << 20
_AHEAD = 2 * WORKERS  # fetched images that may wait for their turn in the tar
_ROWS_DIGEST = "rows-sha256"  # of the rows a verdict is about, so that a new plan is not skipped


class FetchAnswer(TypedDict):
    """What became of a shard: rows fetched and rejected, bytes of images."""

    shard: str
    fetched: int
    rejected: int
    bytes: int


@dataclass(frozen=True)
class FetchRequest:
    """A shard of a run."""

    bucket: str
    run: str
    shard: str


class _Written(NamedTuple):
    verdicts: list[dict[str, Any]]
    bytes: int


def fetch_shard(
    request: FetchRequest, client: "S3Client", seconds_left: Callable[[], float]
) -> FetchAnswer:
    """Fetch a shard's images into its tar, then leave its verdicts.

    `seconds_left` says how long the work may still take; ShardOutOfTime is raised before that is
    over, with nothing half-written visible. Refused and broken images are verdicts; what another
    attempt may cure (throttling, a lost connection) is raised.
    """
    keys = RunKeys(request.run)
    body = storage.read_object(
        client, request.bucket, keys.shard_rows(request.shard), MAX_SHARD_ROWS_BYTES
    )
    if body is None:
        raise LookupError(f"shard {request.shard} of run {request.run} has no rows in the bucket")
    digest = hashlib.sha256(body).hexdigest()
    verdicts_key = keys.shard_verdicts(request.shard)
    done = _finished(client, request, verdicts_key, digest)
    if done is not None:
        return done
    rows = [json.loads(line) for line in body.splitlines()]
    deadline = time.monotonic() + seconds_left()
    with tempfile.TemporaryFile() as spool:
        written = _write_tar(spool, rows, client, deadline)
        spool.seek(0)
        client.upload_fileobj(
            spool,
            request.bucket,
            keys.shard_images(request.shard),
            ExtraArgs={"Tagging": EXPIRING},
        )
    rejected = sum(verdict["reason"] is not None for verdict in written.verdicts)
    answer: FetchAnswer = {
        "shard": request.shard,
        "fetched": len(rows) - rejected,
        "rejected": rejected,
        "bytes": written.bytes,
    }
    client.put_object(
        Bucket=request.bucket,
        Key=verdicts_key,
        Body=b"".join(map(storage.json_line, written.verdicts)),
        ContentType="application/x-ndjson",
        Metadata={_ROWS_DIGEST: digest, "answer": json.dumps(answer)},
    )
    return answer


def _finished(
    client: "S3Client", request: FetchRequest, key: str, digest: str
) -> FetchAnswer | None:
    try:
        head = client.head_object(Bucket=request.bucket, Key=key)
    except ClientError as exc:
        if storage.error_code(exc) in {"404", "NoSuchKey"}:
            return None
        raise
    metadata = head["Metadata"]
    if metadata.get(_ROWS_DIGEST) != digest:
        return None
    answer: FetchAnswer = json.loads(metadata["answer"])
    return answer


def _write_tar(
    spool: IO[bytes], rows: Sequence[Mapping[str, Any]], client: "S3Client", deadline: float
) -> _Written:
    verdicts: list[dict[str, Any]] = []
    size = 0
    with tarfile.open(fileobj=spool, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for row, image in zip(rows, _in_order(rows, client, deadline), strict=True):
            if image.data is not None:
                member = tarfile.TarInfo(str(row["line"]))
                member.size = len(image.data)
                tar.addfile(member, io.BytesIO(image.data))
                size += member.size
            verdicts.append(
                {
                    "line": row["line"],
                    "id": row["id"],
                    "path": row["path"],
                    "reason": None if image.reason is None else image.reason.value,
                    "detail": image.detail,
                }
            )
    return _Written(verdicts, size)


def _in_order(
    rows: Sequence[Mapping[str, Any]], client: "S3Client", deadline: float
) -> Iterator[Fetched]:
    """Yield every row's image in order while WORKERS requests are on their way.

    A plan's shard holds 64 MiB of images, or one larger one: that bounds the memory.
    """
    pool = ThreadPoolExecutor(WORKERS)
    waiting: list[Future[Fetched]] = []
    try:
        for row in rows:
            waiting.append(pool.submit(fetch_image, client, row, deadline))
            if len(waiting) >= _AHEAD:
                yield _result(waiting.pop(0), deadline)
        while waiting:
            yield _result(waiting.pop(0), deadline)
    finally:
        # a stuck request ends by its own timeout; waiting for it could cost the function's life
        pool.shutdown(wait=False, cancel_futures=True)


def _result(future: Future[Fetched], deadline: float) -> Fetched:
    try:
        return future.result(timeout=max(0.0, deadline - time.monotonic()))
    except FutureTimeout as exc:
        raise ShardOutOfTime from exc
