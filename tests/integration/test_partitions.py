"""JSON Lines of any length: one object, or partitions that are all there or none."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tagline.aws.faults import Absent
from tagline.aws.partitions import (
    prefix_of,
    read_raw,
    read_records,
    record_keys,
    write_records,
)
from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument
from tagline.formats.rows import FetchVerdict

KEY = "demo/runs/x/verdicts.jsonl"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="data")
        yield Bucket(client, "data")


def rows(count: int) -> list[FetchVerdict]:
    detail = "longer than a chunk" * 3000
    return [FetchVerdict(line=n, id=n, path=f"{n}.png", detail=detail) for n in range(count)]


@pytest.mark.parametrize(("count", "objects"), [(0, 1), (1, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_what_was_written_is_read(bucket: Bucket, count: int, objects: int) -> None:
    written = rows(count)
    write_records(bucket, KEY, iter(written), most=4)
    assert list(read_records(bucket, KEY, FetchVerdict)) == written
    raw = list(read_raw(bucket, KEY))
    assert len(raw) == count
    several = [f"demo/runs/x/verdicts-{number:05}.jsonl" for number in range(objects)]
    found = [KEY] if objects == 1 else several
    assert list(bucket.keys("demo/")) == found == list(record_keys(bucket, KEY))
    together = b"".join(b"%s\n" % line for line in raw)
    held = [bucket.find_bytes(key, 1 << 30) for key in found]
    assert b"".join(it.content for it in held if it) == together


def test_an_attempt_that_had_fewer_leaves_nothing(bucket: Bucket) -> None:
    write_records(bucket, KEY, rows(3), most=4)
    write_records(bucket, KEY, rows(6), most=4)
    assert len(list(read_records(bucket, KEY, FetchVerdict))) == 6


def test_an_attempt_that_had_more_leaves_nothing(bucket: Bucket) -> None:
    write_records(bucket, KEY, rows(17), most=4)
    write_records(bucket, KEY, rows(6), most=4)
    assert list(bucket.keys("demo/")) == list(record_keys(bucket, KEY))  # a job reads what is there


def test_nothing_is_absent_and_so_is_a_beginning(bucket: Bucket) -> None:
    assert record_keys(bucket, KEY) == ()
    with pytest.raises(Absent, match=r"verdicts\.jsonl is not there"):
        list(read_records(bucket, KEY, FetchVerdict))
    write_records(bucket, KEY, rows(9), most=4)
    bucket.delete(KEY.replace(".jsonl", "-00000.jsonl"))  # what is written last
    with pytest.raises(Absent, match=r"verdicts\.jsonl is not there"):
        list(read_raw(bucket, KEY))


def test_partitions_that_lost_their_number_are_refused(bucket: Bucket) -> None:
    write_records(bucket, KEY, rows(9), most=4)
    bucket.write_again(KEY.replace(".jsonl", "-00000.jsonl"), {})
    for reading in (read_raw(bucket, KEY), read_records(bucket, KEY, FetchVerdict)):
        with pytest.raises(UnreadableDocument, match=r"-00000\.jsonl: its metadata does not say"):
            list(reading)


def test_a_fault_names_partition_and_line(bucket: Bucket) -> None:
    write_records(bucket, KEY, rows(9), most=4)
    bucket.put(KEY.replace(".jsonl", "-00001.jsonl"), b"{}\n", "application/x-ndjson")
    with pytest.raises(UnreadableDocument, match=r"verdicts-00001\.jsonl, line 1"):
        list(read_records(bucket, KEY, FetchVerdict))


def test_who_may_not_read_them_knows_where_they_lie(bucket: Bucket) -> None:
    assert prefix_of(bucket, KEY) is None
    write_records(bucket, KEY, rows(9), most=4)
    assert prefix_of(bucket, KEY) == "demo/runs/x/verdicts-"
    bucket.delete(KEY.replace(".jsonl", "-00000.jsonl"))
    assert prefix_of(bucket, KEY) is None
    bucket.put("demo/runs/x/verdicts.jsonl.old", b"", "text/plain")
    assert prefix_of(bucket, KEY) is None
    write_records(bucket, KEY, rows(2), most=4)
    assert prefix_of(bucket, KEY) == KEY
