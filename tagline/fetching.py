"""FetchShard: copy one shard's images next to the compute, one verdict a row.

The verdicts are written last: where they exist, the shard is done, and a repeated call returns.
A call that runs out of time, or meets an error, leaves what it has (`tagline.shardparts`).
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
from typing import IO, TYPE_CHECKING, Any, Literal, TypedDict

from botocore.exceptions import ClientError

from tagline import storage
from tagline.imagefetch import Fetched, ShardOutOfTime, fetch_image
from tagline.layout import RunKeys
from tagline.shardparts import EXPIRING, ROWS_DIGEST, Gathered, ShardParts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WORKERS = 16
MAX_SHARD_ROWS_BYTES = 256 << 20
_AHEAD = 2 * WORKERS  # fetched images that may wait for their turn in the tar


class FetchAnswer(TypedDict):
    """What became of a shard: rows fetched, rejected, reused and left to do; bytes of images."""

    shard: str
    fetched: int
    rejected: int
    reused: int
    left: int
    bytes: int


@dataclass(frozen=True)
class FetchRequest:
    """A shard of a run."""

    bucket: str
    run: str
    shard: str


def fetch_shard(
    request: FetchRequest, client: "S3Client", seconds_left: Callable[[], float]
) -> FetchAnswer:
    """Fetch a shard's images into its tar, then leave its verdicts.

    `seconds_left` says how long the work may still take. Before that is over, what is done is left
    for another call, and the answer tells how many rows there are to do. Refused and broken images
    are verdicts; what another call may cure (throttling, a lost connection) is raised, and so is
    ShardOutOfTime where not one row was done.
    """
    deadline = time.monotonic() + seconds_left()
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
    parts = ShardParts(client, request.bucket, keys, request.shard, digest)
    with tempfile.TemporaryFile() as spool:
        gathered = parts.resume(spool)
        begun = len(gathered.verdicts)
        stopped = _gather(spool, rows, gathered, client, deadline)
        if stopped is not None:
            if len(gathered.verdicts) > begun:
                parts.leave(gathered, spool)
            if len(gathered.verdicts) == begun or not isinstance(stopped, ShardOutOfTime):
                raise stopped
            return _answer(request, rows, gathered)
        spool.seek(0)
        client.upload_fileobj(
            spool,
            request.bucket,
            keys.shard_images(request.shard),
            ExtraArgs={"Tagging": EXPIRING},
        )
    answer = _answer(request, rows, gathered)
    client.put_object(
        Bucket=request.bucket,
        Key=verdicts_key,
        Body=b"".join(map(storage.json_line, gathered.verdicts)),
        ContentType="application/x-ndjson",
        Metadata={ROWS_DIGEST: digest, "answer": json.dumps(answer)},
    )
    return answer


def _answer(
    request: FetchRequest, rows: Sequence[Mapping[str, Any]], gathered: Gathered
) -> FetchAnswer:
    done = len(gathered.verdicts)
    reused = sum("reuse" in row for row in rows[:done])
    rejected = sum(verdict["reason"] is not None for verdict in gathered.verdicts)
    return {
        "shard": request.shard,
        "fetched": done - reused - rejected,
        "rejected": rejected,
        "reused": reused,
        "left": len(rows) - done,
        "bytes": gathered.bytes,
    }


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
    if metadata.get(ROWS_DIGEST) != digest:
        return None
    answer: FetchAnswer = json.loads(metadata["answer"])
    return answer


def _gather(
    spool: IO[bytes],
    rows: Sequence[Mapping[str, Any]],
    gathered: Gathered,
    client: "S3Client",
    deadline: float,
) -> Exception | None:
    """Fetch the rows that `gathered` lacks into it and the tar; return what stopped it early."""
    todo = rows[len(gathered.verdicts) :]
    mode: Literal["a", "w"] = "a" if gathered.verdicts else "w"
    with tarfile.open(fileobj=spool, mode=mode, format=tarfile.USTAR_FORMAT) as tar:
        images = _in_order(todo, client, deadline)
        for row in todo:
            try:
                image = next(images)
            except Exception as exc:  # noqa: BLE001 - the caller raises it once the tar is whole
                return exc
            if image.data is not None:
                member = tarfile.TarInfo(str(row["line"]))
                member.size = len(image.data)
                tar.addfile(member, io.BytesIO(image.data))
                gathered.bytes += member.size
            gathered.verdicts.append(
                {
                    "line": row["line"],
                    "id": row["id"],
                    "path": row["path"],
                    "reason": None if image.reason is None else image.reason.value,
                    "detail": image.detail,
                }
            )
    return None


def _in_order(
    rows: Sequence[Mapping[str, Any]], client: "S3Client", deadline: float
) -> Iterator[Fetched]:
    """Yield every row's image in order while WORKERS requests are on their way.

    A row whose image an earlier run has packed needs none.

    A plan's shard holds 64 MiB of images, or one larger one: that bounds the memory.
    """
    pool = ThreadPoolExecutor(WORKERS)
    waiting: list[Future[Fetched]] = []
    try:
        for row in rows:
            fetch = _nothing if "reuse" in row else fetch_image
            waiting.append(pool.submit(fetch, client, row, deadline))
            if len(waiting) >= _AHEAD:
                yield _result(waiting.pop(0), deadline)
        while waiting:
            yield _result(waiting.pop(0), deadline)
    finally:
        # a stuck request ends by its own timeout; waiting for it could cost the function's life
        pool.shutdown(wait=False, cancel_futures=True)


def _nothing(_client: "S3Client", _row: Mapping[str, Any], _deadline: float) -> Fetched:
    return Fetched(None)


def _result(future: Future[Fetched], deadline: float) -> Fetched:
    try:
        return future.result(timeout=max(0.0, deadline - time.monotonic()))
    except FutureTimeout as exc:
        raise ShardOutOfTime from exc
