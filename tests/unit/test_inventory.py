"""Finding a list's images by listing: what is found, in how many calls, and refusals."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tagline.aws.s3 import Bucket
from tagline.formats.reasons import Reason
from tagline.planning.inventory import MAX_OBJECT_BYTES, Found, Unlistable, take_inventory

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="pictures")
        yield client


def calls_of(client: "S3Client") -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: object) -> None:
        calls.append(dict(params))

    client.meta.events.register("provide-client-params.s3.ListObjectsV2", note)
    return calls


def test_finds_what_is_there(s3: "S3Client") -> None:
    keys = ["site/a.png", "site/b c+d.png", "site/e\u0301.png", "site/ä.png", "site/😀.png"]
    for key in keys:
        s3.put_object(Bucket="pictures", Key=key, Body=key.encode())
    wanted = sorted([*keys, "site/0.png", "site/\u00e9.png", "site/zz.png"])
    found = take_inventory(Bucket(s3, "pictures"), "site/", wanted)
    assert sorted(found) == sorted(keys)
    head = s3.head_object(Bucket="pictures", Key=keys[1])
    assert found[keys[1]] == Found(head["ETag"].strip('"'), len(keys[1]))


def test_skips_what_nobody_asked_for(s3: "S3Client") -> None:
    for number in range(300):
        s3.put_object(Bucket="pictures", Key=f"{number:03d}.png", Body=b"x")
    calls = calls_of(s3)
    dense = [f"{number:03d}.png" for number in range(100, 200)]
    assert len(take_inventory(Bucket(s3, "pictures"), "", dense, page_size=50)) == 100
    assert len(calls) == 2
    calls.clear()
    sparse = ["010.png", "150.png", "290.png"]
    assert len(take_inventory(Bucket(s3, "pictures"), "", sparse, page_size=50)) == 3
    assert len(calls) == 3


def test_scans_segments_side_by_side(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagline.planning.inventory._SEGMENT", 7)
    keys = [f"{number:02d}" for number in range(40)]
    for key in keys[::2]:
        s3.put_object(Bucket="pictures", Key=key, Body=b"x")
    assert sorted(take_inventory(Bucket(s3, "pictures"), "", keys)) == keys[::2]


@pytest.mark.parametrize(
    ("code", "reason", "sentence"),
    [
        (
            "AccessDenied",
            Reason.ACCESS_DENIED,
            "bucket pictures: listing site/ was refused.*s3:ListBucket",
        ),
        ("NoSuchBucket", Reason.MISSING_OBJECT, "bucket pictures does not exist"),
    ],
)
def test_a_refused_listing_names_the_cure(code: str, reason: Reason, sentence: str) -> None:
    with pytest.raises(Unlistable, match=sentence) as caught:
        take_inventory(Bucket(Refusing(code), "pictures"), "site/", ["site/a"])  # type: ignore[arg-type]
    assert caught.value.reason is reason


def test_other_errors_pass() -> None:
    with pytest.raises(ClientError):
        take_inventory(Bucket(Refusing("SlowDown"), "b"), "", ["a"])  # type: ignore[arg-type]


class Refusing:
    def __init__(self, code: str) -> None:
        self.code = code

    def list_objects_v2(self, **_: object) -> None:
        raise ClientError({"Error": {"Code": self.code}}, "ListObjectsV2")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Found("e", 1), None),
        (Found("e", MAX_OBJECT_BYTES), None),
        (Found("e", 1, "INTELLIGENT_TIERING"), None),
        (Found("e", 0), Reason.EMPTY_OBJECT),
        (Found("e", MAX_OBJECT_BYTES + 1), Reason.OBJECT_TOO_LARGE),
        (Found("e", 1, "GLACIER"), Reason.ARCHIVED_OBJECT),
        (Found("e", 1, "DEEP_ARCHIVE"), Reason.ARCHIVED_OBJECT),
        (Found("e", 1, "GLACIER", restored=True), None),
    ],
)
def test_objects_no_image_can_be_read_from(found: Found, reason: Reason | None) -> None:
    fault = found.fault()
    assert (fault[0] if fault else None) is reason


def test_the_largest_object_that_is_read_is_told() -> None:
    told = "67,108,865 bytes; at most 64 MiB are read"
    assert Found("e", (64 << 20) + 1).fault() == (Reason.OBJECT_TOO_LARGE, told)
    told = "restore it from GLACIER first"
    assert Found("e", 1, "GLACIER").fault() == (Reason.ARCHIVED_OBJECT, told)


EXPIRY = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "restored"),
    [
        (None, False),
        ({"IsRestoreInProgress": True}, False),
        (
            {"IsRestoreInProgress": False, "RestoreExpiryDate": datetime(2030, 1, 1, tzinfo=UTC)},
            True,
        ),
    ],
)
def test_a_restored_object_can_be_read(
    s3: "S3Client", status: dict[str, Any] | None, restored: bool
) -> None:
    s3.put_object(Bucket="pictures", Key="a", Body=b"x", StorageClass="GLACIER")

    def say(parsed: dict[str, Any], **_: object) -> None:
        if status is not None:
            parsed["Contents"][0]["RestoreStatus"] = status

    s3.meta.events.register("after-call.s3.ListObjectsV2", say)
    calls = calls_of(s3)
    found = take_inventory(Bucket(s3, "pictures"), "", ["a"])["a"]
    assert calls[0]["OptionalObjectAttributes"] == ["RestoreStatus"]
    assert (found.fault() is None) is restored
