"""FetchShard: copy one shard's images next to the compute, one verdict a row.

The verdicts are written last: where they exist, the shard is done, and a repeated call returns.
A call that runs out of time, or meets an error, leaves what it has (`tagline.fetching.parts`).
"""

import hashlib
import io
import tarfile
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Literal

import msgspec

from tagline.aws.faults import Absent
from tagline.aws.s3 import JSON_LINES, TAR, Bucket
from tagline.fetching.arriving import images_as_they_arrive
from tagline.fetching.image import Fetched, ShardOutOfTime
from tagline.fetching.parts import EXPIRING, ROWS_DIGEST, Gathered, ShardParts
from tagline.formats.document import decode_lines, decode_record, encode_record
from tagline.formats.keys import RunKeys
from tagline.formats.locations import Location
from tagline.formats.rows import FetchVerdict, PlannedRow
from tagline.formats.steps import FetchAnswer, FetchEvent
from tagline.listing.sources import BadLocation, Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_SHARD_ROWS_BYTES = 256 << 20
_ANSWER = "answer"  # of a shard that is done, in its verdicts' metadata


def fetch_shard(
    event: FetchEvent,
    client: "S3Client",
    seconds_left: Callable[[], float],
    source_buckets: Collection[str] = (),
) -> FetchAnswer:
    """Fetch a shard's images into its tar, in the order in which they come, then its verdicts.

    The rows are input like any other: one that leads where no list of the dataset may go
    (`source_buckets` are open to all) is rejected unread.

    `seconds_left` says how long the work may still take. Before that is over, what is done is left
    for another call, and the answer tells how many rows there are to do. Refused and broken images
    are verdicts; what another call or a person may cure (a lost connection, expired credentials)
    is raised, and so is ShardOutOfTime where not one row was done.
    """
    deadline = time.monotonic() + seconds_left()
    bucket, keys = Bucket(client, event.bucket), RunKeys(event.run)
    rows_key = keys.shard_rows(event.shard)
    body = bucket.find_bytes(rows_key, MAX_SHARD_ROWS_BYTES)
    if body is None:
        raise Absent(f"shard {event.shard} of run {event.run} has no rows in the bucket")
    digest = hashlib.sha256(body.content).hexdigest()
    verdicts_key = keys.shard_verdicts(event.shard)
    done = _finished(bucket, verdicts_key, digest)
    if done is not None:
        return done
    rows = list(decode_lines(body.content.splitlines(), PlannedRow, bucket.uri(rows_key)))
    allowed = Source.of_dataset(keys.dataset, bucket.name, None, source_buckets)
    parts = ShardParts(bucket, keys, event.shard, digest)
    with tempfile.TemporaryFile() as spool:
        gathered = parts.resume(spool)
        begun = len(gathered.verdicts)
        todo = _todo(rows, gathered, allowed)
        stopped = _gather(
            spool,
            images_as_they_arrive(todo, client, deadline),
            gathered,
            "a" if begun else "w",
        )
        answer = _answer(event.shard, rows, gathered)
        if stopped is not None and answer.left:
            if len(gathered.verdicts) > begun:
                parts.leave(gathered, spool)
            if len(gathered.verdicts) == begun or not isinstance(stopped, ShardOutOfTime):
                raise stopped
            return answer
        spool.seek(0)
        bucket.upload(spool, keys.shard_images(event.shard), TAR, tags=EXPIRING)
    bucket.put(
        verdicts_key,
        b"".join(map(encode_record, _verdicts(rows, gathered))),
        JSON_LINES,
        metadata={ROWS_DIGEST: digest, _ANSWER: msgspec.json.encode(answer).decode()},
    )
    return answer


def _answer(shard: str, rows: Sequence[PlannedRow], gathered: Gathered) -> FetchAnswer:
    done = len(gathered.verdicts)
    reused = sum(row.reuse is not None for row in rows)
    rejected = sum(verdict.reason is not None for verdict in gathered.verdicts.values())
    return FetchAnswer(
        shard=shard,
        fetched=done - rejected,
        rejected=rejected,
        reused=reused,
        left=len(rows) - reused - done,
        bytes=gathered.bytes,
    )


def _finished(bucket: Bucket, key: str, digest: str) -> FetchAnswer | None:
    head = bucket.head(key)
    if head is None or head.metadata.get(ROWS_DIGEST) != digest:
        return None
    return decode_record(head.metadata[_ANSWER].encode(), FetchAnswer, bucket.uri(key))


def _todo(rows: Sequence[PlannedRow], gathered: Gathered, allowed: Source) -> list[PlannedRow]:
    """Return the rows to fetch; those that lead where they may not are judged already.

    A row whose image an earlier run has packed needs none.
    """
    todo = []
    for row in rows:
        if row.reuse is not None or row.line in gathered.verdicts:
            continue
        try:
            allowed.check(Location(row.bucket, row.key))
        except BadLocation as exc:
            gathered.verdicts[row.line] = _verdict(row, Fetched(None, exc.reason, exc.detail))
        else:
            todo.append(row)
    return todo


def _gather(
    spool: IO[bytes],
    images: Iterator[tuple[PlannedRow, Fetched]],
    gathered: Gathered,
    mode: Literal["w", "a"],
) -> Exception | None:
    """Take images into `gathered` and the tar; return what stopped it early."""
    with tarfile.open(fileobj=spool, mode=mode, format=tarfile.USTAR_FORMAT) as tar:
        while True:
            try:
                row, image = next(images)
            except StopIteration:
                return None
            except Exception as exc:  # noqa: BLE001 - the caller raises it once the tar is whole
                return exc
            if image.data is not None:
                member = tarfile.TarInfo(str(row.line))
                member.size = len(image.data)
                tar.addfile(member, io.BytesIO(image.data))
                gathered.bytes += len(image.data)
            gathered.verdicts[row.line] = _verdict(row, image)


def _verdicts(rows: Sequence[PlannedRow], gathered: Gathered) -> Iterator[FetchVerdict]:
    """Yield every row's verdict in packing order; a reused image has nothing against it."""
    for row in rows:
        yield gathered.verdicts.get(row.line) or _verdict(row, Fetched(None))


def _verdict(row: PlannedRow, image: Fetched) -> FetchVerdict:
    return FetchVerdict(
        line=row.line, id=row.id, path=row.path, reason=image.reason, detail=image.detail
    )
