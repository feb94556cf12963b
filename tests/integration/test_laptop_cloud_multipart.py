"""Objects of many parts on the laptop cloud: in files all the time, and as S3 says."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.laptop import LaptopCloud

pytestmark = pytest.mark.cloud
MIB = 1024**2
PART = 8 * MIB


@pytest.fixture
def bucket(laptop_cloud: LaptopCloud) -> tuple[Any, str]:
    """A versioned bucket and a client."""
    s3, name = laptop_cloud.client("s3"), f"multipart-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return s3, name


def content(part: int) -> bytes:
    """Return the bytes of a part, unlike those of any other."""
    return part.to_bytes(2) * (PART // 2)


def digest(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def written(s3: Any, bucket: str, key: str, numbers: range, **more: Any) -> dict[str, Any]:
    """Upload an object of parts; return the answer to its completion."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **more)["UploadId"]
    at = {"Bucket": bucket, "Key": key, "UploadId": upload}
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**at, PartNumber=number, Body=content(number))["ETag"],
        }
        for number in numbers
    ]
    answer: dict[str, Any] = s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    return answer


def files(cloud: LaptopCloud) -> list[Path]:
    """Return the files of what is under way."""
    return [file for file in (cloud.state_dir / "tmp").rglob("*/*") if file.parent.name in FOLDERS]


FOLDERS = ("parts", "arriving")


def test_memory_does_not_grow_with_an_object(
    laptop_cloud: LaptopCloud, bucket: tuple[Any, str]
) -> None:
    s3, name = bucket
    written(s3, name, "warm", range(1, 3))
    process = psutil.Process(laptop_cloud.process.pid)
    before = process.memory_info().rss
    numbers = range(1, 17)
    answer = written(s3, name, "large", numbers)
    digests = b"".join(digest(content(number)) for number in numbers)
    assert answer["ETag"] == f'"{digest(digests).hex()}-16"'
    source = {"Bucket": name, "Key": "large"}
    s3.copy_object(Bucket=name, Key="copy", CopySource=source)
    seen = hashlib.sha256()
    for piece in s3.get_object(Bucket=name, Key="copy")["Body"].iter_chunks(MIB):
        seen.update(piece)
    assert process.memory_info().rss - before < 40 * MIB  # of 128 MiB, written and read
    assert seen.digest() == hashlib.sha256(b"".join(map(content, numbers))).digest()
    assert files(laptop_cloud) == []


def test_ranges_and_versions_are_read_from_where_they_lie(bucket: tuple[Any, str]) -> None:
    s3, name = bucket
    version = written(s3, name, "a", range(1, 3))["VersionId"]
    s3.put_object(Bucket=name, Key="a", Body=b"newer")
    at = {"Bucket": name, "Key": "a", "VersionId": version}
    assert s3.get_object(**at)["Body"].read() == content(1) + content(2)
    s3.copy_object(Bucket=name, Key="b", CopySource=at)
    part = s3.get_object(Bucket=name, Key="b", Range=f"bytes={PART - 1}-{PART + 2}")
    assert part["Body"].read() == (content(1) + content(2))[PART - 1 : PART + 3]
    assert part["ContentRange"] == f"bytes {PART - 1}-{PART + 2}/{2 * PART}"


def test_parts_copied_from_an_object_outlive_it(bucket: tuple[Any, str]) -> None:
    s3, name = bucket
    written(s3, name, "source", range(1, 3))
    upload = s3.create_multipart_upload(Bucket=name, Key="joined")["UploadId"]
    at = {"Bucket": name, "Key": "joined", "UploadId": upload}
    source = {"Bucket": name, "Key": "source"}
    first = f"bytes={PART - 1}-{2 * PART - 1}"
    copied = s3.upload_part_copy(**at, PartNumber=1, CopySource=source, CopySourceRange=first)
    version = s3.head_object(Bucket=name, Key="source")["VersionId"]
    s3.delete_object(Bucket=name, Key="source", VersionId=version)
    last = s3.upload_part(**at, PartNumber=2, Body=b"end")
    expected = (content(1) + content(2))[PART - 1 :]
    assert copied["CopyPartResult"]["ETag"] == f'"{digest(expected).hex()}"'
    parts = [
        {"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]},
        {"PartNumber": 2, "ETag": last["ETag"]},
    ]
    s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=name, Key="joined")["Body"].read() == expected + b"end"


def test_a_checksum_of_checksums_is_kept_and_held_to(bucket: tuple[Any, str]) -> None:
    s3, name = bucket
    upload = s3.create_multipart_upload(Bucket=name, Key="a", ChecksumAlgorithm="SHA256")
    at = {"Bucket": name, "Key": "a", "UploadId": upload["UploadId"]}
    sent = s3.upload_part(**at, PartNumber=1, Body=content(1), ChecksumAlgorithm="SHA256")
    wrong = {"PartNumber": 1, "ETag": sent["ETag"], "ChecksumSHA256": "0" * 43 + "="}
    with pytest.raises(ClientError, match="InvalidPart"):
        s3.complete_multipart_upload(**at, MultipartUpload={"Parts": [wrong]})
    right = {**wrong, "ChecksumSHA256": sent["ChecksumSHA256"]}
    done = s3.complete_multipart_upload(**at, MultipartUpload={"Parts": [right]})
    assert done["ChecksumSHA256"].endswith("-1")
    again = s3.complete_multipart_upload(**at, MultipartUpload={"Parts": [right]})
    assert again["ETag"] == done["ETag"]


def test_what_is_wrong_with_a_part_is_said(bucket: tuple[Any, str]) -> None:
    s3, name = bucket
    upload = s3.create_multipart_upload(Bucket=name, Key="a")["UploadId"]
    at = {"Bucket": name, "Key": "a", "UploadId": upload}
    bad = "AAAAAAAAAAAAAAAAAAAAAA=="
    with pytest.raises(ClientError, match="BadDigest"):
        s3.upload_part(**at, PartNumber=1, Body=content(1), ContentMD5=bad)
    with pytest.raises(ClientError, match="InvalidPart"):
        s3.complete_multipart_upload(
            **at, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]}
        )
    s3.upload_part(**at, PartNumber=1, Body=b"kept")
    listed = s3.list_parts(**at)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, 4)]


def test_parts_are_dropped_with_their_upload(
    laptop_cloud: LaptopCloud, bucket: tuple[Any, str]
) -> None:
    s3, name = bucket
    upload = s3.create_multipart_upload(Bucket=name, Key="a")["UploadId"]
    at = {"Bucket": name, "Key": "a", "UploadId": upload}
    before = set(files(laptop_cloud))
    for body in (b"first", content(1)):
        s3.upload_part(**at, PartNumber=1, Body=body)
        assert len(set(files(laptop_cloud)) - before) == 1
    s3.abort_multipart_upload(**at)
    assert set(files(laptop_cloud)) == before
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.upload_part(**at, PartNumber=1, Body=b"late")
