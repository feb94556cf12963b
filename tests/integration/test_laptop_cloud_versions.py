"""Versions of objects on the laptop cloud: all of them readable, none of them kept in memory."""

import uuid
from typing import Any

import psutil
import pytest

from tests.laptop import LaptopCloud

pytestmark = pytest.mark.cloud
MIB = 1024**2


@pytest.fixture
def bucket(laptop_cloud: LaptopCloud) -> tuple[Any, str]:
    """A versioned bucket and a client."""
    s3, name = laptop_cloud.client("s3"), f"versions-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return s3, name


def test_every_version_can_be_read(bucket: tuple[Any, str]) -> None:
    s3, name = bucket
    bodies = [b"first", b"second", b"third"]
    versions = [s3.put_object(Bucket=name, Key="a", Body=body)["VersionId"] for body in bodies]

    def read(**version: str) -> bytes:
        return bytes(s3.get_object(Bucket=name, Key="a", **version)["Body"].read())

    assert [read(VersionId=version) for version in versions] == bodies
    assert read() == b"third"
    s3.delete_object(Bucket=name, Key="a", VersionId=versions[2])
    assert read() == b"second"
    marker = s3.delete_object(Bucket=name, Key="a")["VersionId"]
    assert [read(VersionId=version) for version in versions[:2]] == bodies[:2]
    s3.delete_object(Bucket=name, Key="a", VersionId=marker)
    assert read() == b"second"


def test_a_copy_of_an_older_version_has_its_bytes(bucket: tuple[Any, str]) -> None:
    s3, name = bucket
    old = s3.put_object(Bucket=name, Key="a", Body=b"old")["VersionId"]
    s3.put_object(Bucket=name, Key="a", Body=b"new")
    source = {"Bucket": name, "Key": "a", "VersionId": old}
    s3.copy_object(Bucket=name, Key="b", CopySource=source)
    assert s3.get_object(Bucket=name, Key="b")["Body"].read() == b"old"


def test_what_is_written_does_not_stay_in_memory(
    laptop_cloud: LaptopCloud, bucket: tuple[Any, str]
) -> None:
    s3, name = bucket
    s3.put_object(Bucket=name, Key="warm", Body=bytes(4 * MIB))
    before = resident(laptop_cloud.process.pid)
    for number in range(50):
        s3.put_object(Bucket=name, Key=f"{number}", Body=number.to_bytes() * 4 * MIB)
    assert resident(laptop_cloud.process.pid) - before < 100 * MIB  # of 200 MiB written


def resident(process: int) -> int:
    """Return a process's resident size in bytes."""
    return psutil.Process(process).memory_info().rss
