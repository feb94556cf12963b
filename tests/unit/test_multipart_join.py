"""Objects joined on S3's side: S3's rules for parts, and the bytes that come out."""

import hashlib
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from tagline.aws.faults import address_of
from tagline.aws.multipart import MIN_PART, Piece, Source, join, plan_parts
from tagline.aws.s3 import Bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "data"
MIB, GIB = 1024**2, 1024**3
SIZES = st.lists(st.one_of(st.integers(0, 12 * MIB), st.integers(0, 20 * GIB)), max_size=60)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


@given(SIZES)
def test_every_byte_goes_into_one_part_in_order(sizes: list[int]) -> None:
    pieces = [piece for part in plan_parts(sizes) for piece in part if piece.size]
    ends = [0] * len(sizes)
    assert [piece.source for piece in pieces] == sorted(piece.source for piece in pieces)
    for piece in pieces:
        assert piece.start == ends[piece.source]
        ends[piece.source] = piece.stop
    assert ends == sizes


@given(SIZES)
def test_parts_keep_s3s_limits(sizes: list[int]) -> None:
    parts = [sum(piece.size for piece in part) for part in plan_parts(sizes)]
    assert all(size >= MIN_PART for size in parts[:-1])
    assert all(0 < size <= 5 * GIB for size in parts)


@given(SIZES)
def test_only_a_little_is_read_to_be_sent_again(sizes: list[int]) -> None:
    read = [part for part in plan_parts(sizes) if len(part) > 1 or part[0].size < MIN_PART]
    assert all(sum(piece.size for piece in part) <= MIN_PART for part in read)


def test_the_largest_object_has_few_enough_parts() -> None:
    sizes = [5 * 1024 * GIB - 7]
    assert len(list(plan_parts(sizes))) <= 10_000
    assert len(list(plan_parts([6 * MIB] * 9_000))) <= 10_000


def test_a_part_that_is_too_small_takes_from_its_neighbour() -> None:
    assert list(plan_parts([3 * MIB, 20 * MIB, 1])) == [
        (Piece(0, 0, 3 * MIB), Piece(1, 0, 2 * MIB)),
        (Piece(1, 2 * MIB, 20 * MIB),),
        (Piece(2, 0, 1),),
    ]


def put(s3: "S3Client", sizes: list[int]) -> tuple[list[Source], bytes]:
    sources, whole = [], b""
    for number, size in enumerate(sizes):
        data = random.Random(number).randbytes(size)
        etag = s3.put_object(Bucket=BUCKET, Key=f"part-{number}", Body=data)["ETag"]
        sources.append(Source(f"part-{number}", size, etag))
        whole += data
    return sources, whole


@pytest.mark.parametrize(
    "sizes",
    [
        [7],
        [1, 2, 3],
        [MIN_PART],
        [MIN_PART, MIN_PART, 5],
        [2 * MIB, 2 * MIB, 2 * MIB, 2 * MIB],
        [6 * MIB, 10, 0, 11 * MIB, 4 * MIB],
    ],
)
def test_the_joined_object_is_the_parts_in_a_row(s3: "S3Client", sizes: list[int]) -> None:
    sources, whole = put(s3, sizes)
    sent: list[int] = []
    s3.meta.events.register(
        "provide-client-params.s3.UploadPart", lambda params, **_: sent.append(len(params["Body"]))
    )
    join(Bucket(s3, BUCKET), sources, "whole", "application/x-recordio")
    found = s3.get_object(Bucket=BUCKET, Key="whole")
    assert found["ContentType"] == "application/x-recordio"
    assert hashlib.sha256(found["Body"].read()).digest() == hashlib.sha256(whole).digest()
    assert all(size <= MIN_PART for size in sent)


def test_a_source_that_changed_leaves_nothing(s3: "S3Client") -> None:
    sources, _ = put(s3, [6 * MIB, 3])
    s3.put_object(Bucket=BUCKET, Key="part-1", Body=b"new")

    def refused() -> Any:
        with pytest.raises(ClientError) as caught:
            join(Bucket(s3, BUCKET), sources, "whole", "application/x-recordio")
        assert address_of(caught.value) == f"s3://{BUCKET}/whole"
        return caught.value.response["Error"]["Code"]

    assert refused() in {"PreconditionFailed", "412"}
    listed = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert {item["Key"] for item in listed} == {"part-0", "part-1"}
    assert s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_only_the_planned_version_of_a_source_is_taken(s3: "S3Client") -> None:
    """Moto takes no notice of CopySourceIfMatch: what is asked for has to do."""
    sources, _ = put(s3, [6 * MIB, 3, 12 * MIB])
    asked: list[dict[str, Any]] = []
    for operation in ("UploadPartCopy", "GetObject"):
        s3.meta.events.register(
            f"provide-client-params.s3.{operation}", lambda params, **_: asked.append(dict(params))
        )
    join(Bucket(s3, BUCKET), sources, "whole", "application/x-recordio")
    copied = {call["PartNumber"]: call for call in asked if "CopySource" in call}
    target = {"Bucket": BUCKET, "Key": "whole", "UploadId": copied[1]["UploadId"]}
    assert copied == {
        1: target
        | {
            "PartNumber": 1,
            "CopySource": {"Bucket": BUCKET, "Key": "part-0"},
            "CopySourceIfMatch": sources[0].etag,
        },
        3: target
        | {
            "PartNumber": 3,
            "CopySource": {"Bucket": BUCKET, "Key": "part-2"},
            "CopySourceIfMatch": sources[2].etag,
            "CopySourceRange": f"bytes={5 * MIB - 3}-{12 * MIB - 1}",
        },
    }
    read = [call for call in asked if "CopySource" not in call]
    assert read == [
        {"Bucket": BUCKET, "Key": "part-1", "IfMatch": sources[1].etag, "Range": "bytes=0-2"},
        {
            "Bucket": BUCKET,
            "Key": "part-2",
            "IfMatch": sources[2].etag,
            "Range": f"bytes=0-{5 * MIB - 4}",
        },
    ]
