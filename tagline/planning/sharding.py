"""The packing order of a dataset and its cut into shards, both functions of the list alone."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b

MAX_SHARD_BYTES = 64 << 20
MAX_SHARD_ROWS = 500
_DIGITS = 5  # of a shard's name, at least
MAX_SHARDS = 10**9
"""As many as names are known to have digits (`tagline.formats.steps.ShardName`)."""


def packing_rank(row_id: int, seed: int) -> tuple[int, int]:
    """Return what to sort rows by: a shuffle that depends on each row's id and the seed alone.

    A row added to a list leaves the others in their order. Equal ranks fall back on the id.
    """
    digest = blake2b(f"{seed}\n{row_id}".encode(), digest_size=8, person=b"packing").digest()
    return int.from_bytes(digest, "big"), row_id


def cut(
    sizes: Iterable[int], max_bytes: int = MAX_SHARD_BYTES, max_rows: int = MAX_SHARD_ROWS
) -> Iterator[range]:
    """Yield the shards of rows of the given sizes (bytes), as ranges of their indexes, in order.

    Each is as long as the limits allow; a row above `max_bytes` gets a shard of its own.
    """
    start = end = total = 0
    for size in sizes:
        if end > start and (total + size > max_bytes or end - start >= max_rows):
            yield range(start, end)
            start, total = end, 0
        total += size
        end += 1
    if end > start:
        yield range(start, end)


def shard_name(number: int, of: int = 0) -> str:
    """Return the name of one `of` so many shards; a run's names sort in packing order."""
    return f"{number:0{max(_DIGITS, len(str(of - 1)))}d}"
