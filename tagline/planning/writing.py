"""The files that a plan leaves for the steps after it."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from tagline.aws.s3 import JSON, JSON_LINES, Bucket
from tagline.formats.document import encode, encode_record
from tagline.formats.keys import RunKeys
from tagline.formats.plan import PlannedShard
from tagline.formats.rows import PlannedRow
from tagline.planning.sharding import cut, shard_name
from tagline.planning.store import Store, to_fetch

_WRITERS = 8
_WAITING = 4 * _WRITERS  # shards in memory


def write_shards(bucket: Bucket, keys: RunKeys, store: Store) -> int:
    """Leave the rows of each shard, then the list of shards; returns their number."""

    def write(name: str, part: list[PlannedRow]) -> PlannedShard:
        bucket.put(keys.shard_rows(name), b"".join(map(encode_record, part)), JSON_LINES)
        return PlannedShard(shard=name, rows=len(part), bytes=sum(map(to_fetch, part)))

    parts = list(cut(store.to_fetch()))
    rows = store.planned()
    with ThreadPoolExecutor(_WRITERS) as pool:
        shards = list(
            _in_order(
                pool.submit(write, shard_name(number, len(parts)), list(islice(rows, len(part))))
                for number, part in enumerate(parts)
            )
        )
    bucket.put(keys.shards, encode(shards), JSON)
    return len(shards)


def _in_order(submitted: Iterable[Future[PlannedShard]]) -> Iterator[PlannedShard]:
    """Yield results, so many of them waited for at a time that rows do not pile up."""
    waiting: deque[Future[PlannedShard]] = deque()
    for future in submitted:
        waiting.append(future)
        if len(waiting) >= _WAITING:
            yield waiting.popleft().result()
    yield from (future.result() for future in waiting)
