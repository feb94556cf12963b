"""The files that a plan leaves for the steps after it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tagline.aws.s3 import JSON, JSON_LINES, Bucket
from tagline.formats.document import encode, encode_record
from tagline.formats.keys import RunKeys
from tagline.formats.plan import PlannedShard
from tagline.formats.rows import PlannedRow
from tagline.planning.sharding import cut, shard_name

_WRITERS = 8


def write_shards(bucket: Bucket, keys: RunKeys, rows: Sequence[PlannedRow]) -> int:
    """Leave the rows of each shard, then the list of shards; returns their number."""

    def write(number: int, part: range) -> PlannedShard:
        name = shard_name(number)
        body = b"".join(encode_record(rows[index]) for index in part)
        bucket.put(keys.shard_rows(name), body, JSON_LINES)
        size = sum(_to_fetch(rows[index]) for index in part)
        return PlannedShard(shard=name, rows=len(part), bytes=size)

    parts = list(cut(map(_to_fetch, rows)))
    with ThreadPoolExecutor(_WRITERS) as pool:
        shards = list(pool.map(write, range(len(parts)), parts))
    bucket.put(keys.shards, encode(shards), JSON)
    return len(shards)


def _to_fetch(row: PlannedRow) -> int:
    """Return how many bytes of a row's image are read from the source."""
    return row.size if row.reuse is None else 0
