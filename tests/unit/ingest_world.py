"""A bucket with a dataset in it, as PlanDataset and FetchShard meet it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tagline.formats.locations import plain_etag
from tagline.formats.names import run_name
from tagline.formats.plan import DroppedList
from tagline.formats.steps import PlanAnswer, RunInput
from tagline.planning.plan import plan_dataset

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "data"


class World:
    """The data bucket, one dataset called demo, and a bucket of pictures."""

    def __init__(self, client: "S3Client") -> None:
        self.s3 = client
        self.event: RunInput

    def image(self, name: str, content: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=f"demo/images/{name}", Body=content)

    def put(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def drop(self, data: bytes, name: str = "all.lst") -> RunInput:
        key = f"demo/lists/{name}"
        answer = self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        version, etag = answer["VersionId"], plain_etag(answer["ETag"])
        self.event = RunInput(
            bucket=BUCKET,
            dataset="demo",
            run=run_name(BUCKET, key, version, etag),
            list=DroppedList(key=key, version_id=version, etag=etag),
            started="2026-11-12T00:00:00Z",
        )
        return self.event

    def plan(self, event: RunInput | None = None) -> PlanAnswer:
        return plan_dataset(event or self.event, self.s3, {"pictures"})

    def read(self, name: str) -> bytes:
        key = f"demo/runs/{self.event.run}/{name}"
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.read(name).splitlines()]

    def names(self) -> set[str]:
        prefix = f"demo/runs/{self.event.run}/"
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {item["Key"].removeprefix(prefix) for item in found}

    def fill(self, images: int) -> bytes:
        """Put images into the dataset; return a list of them with three labels."""
        rows = []
        for number in range(images):
            self.image(f"{number}.png", b"picture %d" % number)
            labels = b"\t".join(b"%d" % (number % k == 0) for k in (1, 2, 3))
            rows.append(b"%d\t%b\timages/%d.png\n" % (100 + number, labels, number))
        return b"".join(rows)


@contextmanager
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        for bucket in (BUCKET, "pictures"):
            client.create_bucket(Bucket=bucket)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield World(client)
