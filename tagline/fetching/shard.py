"""FetchShard: copy one shard's images next to the compute, one verdict a row.

The verdicts are written last: where they exist, the shard is done, and a repeated call returns.
A call that runs out of time, or meets an error, leaves what it has (`tagline.fetching.parts`).
"""

import hashlib
import io
import json
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import ClientError

from tagline.aws import storage
from tagline.fetching.arriving import images_as_they_arrive
from tagline.fetching.image import Fetched, ShardOutOfTime
from tagline.fetching.parts import EXPIRING, ROWS_DIGEST, Gathered, ShardParts
from tagline.formats.keys import RunKeys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_SHARD_ROWS_BYTES = 256 << 20


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
    are verdicts; what another call or a person may cure (a lost connection, expired credentials)
    is raised, and so is ShardOutOfTime where not one row was done.
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
        answer = _answer(request, rows, gathered)
        if stopped is not None and answer["left"]:
            if len(gathered.verdicts) > begun:
                parts.leave(gathered, spool)
            if len(gathered.verdicts) == begun or not isinstance(stopped, ShardOutOfTime):
                raise stopped
            return answer
        with tempfile.TemporaryFile() as images:
            _put_in_order(images, spool, rows)
            client.upload_fileobj(
                images,
                request.bucket,
                keys.shard_images(request.shard),
                ExtraArgs={"Tagging": EXPIRING},
            )
    verdicts = (gathered.verdicts.get(row["line"]) or _verdict(row) for row in rows)
    client.put_object(
        Bucket=request.bucket,
        Key=verdicts_key,
        Body=b"".join(map(storage.json_line, verdicts)),
        ContentType="application/x-ndjson",
        Metadata={ROWS_DIGEST: digest, "answer": json.dumps(answer)},
    )
    return answer


def _answer(
    request: FetchRequest, rows: Sequence[Mapping[str, Any]], gathered: Gathered
) -> FetchAnswer:
    done = len(gathered.verdicts)
    reused = sum("reuse" in row for row in rows)
    rejected = sum(verdict["reason"] is not None for verdict in gathered.verdicts.values())
    return {
        "shard": request.shard,
        "fetched": done - rejected,
        "rejected": rejected,
        "reused": reused,
        "left": len(rows) - reused - done,
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
    """Fetch the rows that `gathered` lacks into it and the tar; return what stopped it early.

    A row whose image an earlier run has packed needs none.
    """
    todo = [row for row in rows if "reuse" not in row and row["line"] not in gathered.verdicts]
    images = images_as_they_arrive(todo, client, deadline)
    with tarfile.open(
        fileobj=spool, mode="a" if gathered.verdicts else "w", format=tarfile.USTAR_FORMAT
    ) as tar:
        while True:
            try:
                row, image = next(images)
            except StopIteration:
                return None
            except Exception as exc:  # noqa: BLE001 - the caller raises it once the tar is whole
                return exc
            if image.data is not None:
                tar.addfile(_member(row, len(image.data)), io.BytesIO(image.data))
                gathered.bytes += len(image.data)
            gathered.verdicts[row["line"]] = _verdict(row, image)


def _verdict(row: Mapping[str, Any], image: Fetched | None = None) -> dict[str, Any]:
    reason = image.reason if image else None
    return {
        "line": row["line"],
        "id": row["id"],
        "path": row["path"],
        "reason": None if reason is None else reason.value,
        "detail": image.detail if image else "",
    }


def _put_in_order(target: IO[bytes], spool: IO[bytes], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the images of `spool`, a tar, to the tar `target` in packing order."""
    spool.seek(0)
    with (
        tarfile.open(fileobj=spool, mode="r:") as came,
        tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        members = {member.name: member for member in came}
        for row in rows:
            if image := members.get(str(row["line"])):
                spool.seek(image.offset_data)
                tar.addfile(_member(row, image.size), spool)
    target.seek(0)


def _member(row: Mapping[str, Any], size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(str(row["line"]))
    member.size = size
    return member
