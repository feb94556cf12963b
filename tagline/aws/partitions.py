"""JSON Lines of any length: one object up to a number of records, above it several of so many.

`verdicts.jsonl` is then `verdicts-00000.jsonl`, `verdicts-00001.jsonl` and so on, in order. The
first is written last and its metadata tells how many there are: where it lies, all of them do.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

from tagline.aws.faults import Absent
from tagline.aws.s3 import FORMAT, JSON_LINES, Bucket, Version, lines_of
from tagline.formats.document import (
    R,
    Record,
    UnreadableDocument,
    check_format,
    decode_lines,
    encode_record,
)
from tagline.formats.keys import partition

if TYPE_CHECKING:
    from botocore.response import StreamingBody

MOST = 250_000  # records of an object
_IN_MEMORY = 8 << 20
_PARTITIONS = "partitions"  # in the first one's metadata


def write_records(bucket: Bucket, key: str, records: Iterable[Record], most: int = MOST) -> None:
    """Write records as JSON Lines, in partitions of `most` where they are more.

    At most two partitions wait on disk at a time, and nothing in memory.
    """
    coming = iter(records)
    with SpooledTemporaryFile(_IN_MEMORY) as first:
        _spool(first, islice(coming, most))
        count = 1
        following = next(coming, None)
        while following is not None:
            with SpooledTemporaryFile(_IN_MEMORY) as further:
                _spool(further, chain((following,), islice(coming, most - 1)))
                # one ahead: what is read to be written over has been read by now
                following = next(coming, None)
                _upload(bucket, partition(key, count), further)
            count += 1
        if count == 1:
            _upload(bucket, key, first)
            return
        _upload(bucket, partition(key, 0), first, count)
    if bucket.head(key):  # of an earlier attempt, which had fewer
        bucket.delete(key)
    while bucket.head(partition(key, count)):  # which had more: a job gets them by their prefix
        bucket.delete(partition(key, count))
        count += 1


def read_records(bucket: Bucket, key: str, kind: type[R]) -> Iterator[R]:
    """Yield the records of JSON Lines as they arrive, whether in one object or in partitions.

    Raises Absent, or UnreadableDocument naming object and line or a format that is not known.
    """
    for where, answer in _objects(bucket, key):
        check_format(int(answer.metadata.get(FORMAT, "1")), 1, where)
        yield from decode_lines(lines_of(answer.content), kind, where)


def read_raw(bucket: Bucket, key: str) -> Iterator[bytes]:
    """Yield the lines of the same as they stand there; raise Absent."""
    for _, answer in _objects(bucket, key):
        yield from lines_of(answer.content)


def record_keys(bucket: Bucket, key: str) -> tuple[str, ...]:
    """Return the keys of the objects that hold the records, in order; none where there are none.

    Raises UnreadableDocument where the first of several does not tell how many there are.
    """
    if bucket.head(key):
        return (key,)
    first = bucket.head(partition(key, 0))
    return _keys(bucket, key, first.metadata) if first else ()


def prefix_of(bucket: Bucket, key: str) -> str | None:
    """Return the key, or what the keys of its partitions begin with; None where there is neither.

    Looks at the listing alone, for who may not read them, such as who asks for a job that will.
    """
    beginning = f"{key.rpartition('.')[0]}-"
    there = set(bucket.keys(beginning[:-1]))
    if key in there:
        return key
    return beginning if partition(key, 0) in there else None


def _objects(bucket: Bucket, key: str) -> "Iterator[tuple[str, Version[StreamingBody]]]":
    try:
        with bucket.stream(key) as answer:
            yield bucket.uri(key), answer
    except Absent:
        head = bucket.head(partition(key, 0))
        if head is None:
            raise
        for part in _keys(bucket, key, head.metadata):
            with bucket.stream(part) as answer:
                yield bucket.uri(part), answer


def _keys(bucket: Bucket, key: str, metadata: Mapping[str, str]) -> tuple[str, ...]:
    count = metadata.get(_PARTITIONS, "")
    if not count.isdecimal():  # copied by a tool that leaves metadata behind
        where = bucket.uri(partition(key, 0))
        raise UnreadableDocument(
            f"{where}: its metadata does not say how many {_PARTITIONS} follow"
        )
    return tuple(partition(key, number) for number in range(int(count)))


def _spool(file: IO[bytes], records: Iterable[Record]) -> None:
    file.writelines(map(encode_record, records))
    file.seek(0)


def _upload(bucket: Bucket, key: str, file: IO[bytes], count: int | None = None) -> None:
    metadata = {FORMAT: "1"} | ({_PARTITIONS: str(count)} if count else {})
    bucket.upload(file, key, JSON_LINES, metadata=metadata)
