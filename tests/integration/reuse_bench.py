"""A dataset whose images lie in another bucket, and what it takes from a list to its records."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from im2rec.run.pack import pack_run
from im2rec.run.task import Task
from tagline.aws.s3 import Bucket
from tagline.fetching.shard import fetch_shard
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.locations import plain_etag
from tagline.formats.plan import DroppedList
from tagline.formats.steps import FetchAnswer, FetchEvent, PlanAnswer, RunInput
from tagline.planning.plan import plan_dataset
from tests.integration.packing_run import drawing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA, PICTURES, DATASET = "tagline-data", "pictures", "designs"
IMAGES = 200


class Bench:
    """A dataset whose images lie in another bucket, and the steps from a list to packed records."""

    def __init__(self, s3: "S3Client", folder: Path) -> None:
        self.s3 = s3
        self.folder = folder
        self.source_bytes = 0
        self.source_reads = 0
        self.runs = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)

    def get_object(self, **request: Any) -> Any:
        """Count what is read from the source."""
        answer = self.s3.get_object(**request)
        if request["Bucket"] == PICTURES:
            self.source_bytes += answer["ContentLength"]
            self.source_reads += 1
        return answer

    def image(self, name: str, body: bytes) -> None:
        self.s3.put_object(Bucket=PICTURES, Key=f"art/{name}", Body=body)

    def plan(self, lines: list[str]) -> tuple[RunKeys, PlanAnswer]:
        self.runs += 1
        keys = RunKeys(f"{DATASET}-{self.runs:016x}")
        key = f"{DATASET}/lists/{self.runs}.lst"
        etag = self.s3.put_object(Bucket=DATA, Key=key, Body="\n".join(lines).encode())["ETag"]
        event = RunInput(
            bucket=DATA,
            dataset=DATASET,
            run=keys.run,
            list=DroppedList(key=key, etag=plain_etag(etag)),
            started="2026-11-12T00:00:00Z",
        )
        return keys, plan_dataset(event, self.s3, [PICTURES])

    def fetch(self, keys: RunKeys) -> list[FetchAnswer]:
        self.source_bytes = self.source_reads = 0
        shards = json.loads(self.read(keys.of("shards.json")))
        return [
            fetch_shard(
                FetchEvent(bucket=DATA, run=keys.run, shard=shard["shard"]),
                self,  # type: ignore[arg-type]
                lambda: 60.0,
                [PICTURES],
            )
            for shard in shards
        ]

    def pack(self, keys: RunKeys, workers: int = 1) -> dict[str, Any]:
        folder = self.folder / keys.run
        folder.mkdir()
        pack_run(Task(Bucket(self.s3, DATA), keys, folder, workers, io.StringIO()))
        assert not list(folder.glob("earlier-*"))
        packed: dict[str, Any] = json.loads(self.read(keys.of("dataset.json")))
        return packed

    def run(self, lines: list[str]) -> tuple[RunKeys, PlanAnswer, dict[str, Any]]:
        keys, answer = self.plan(lines)
        self.fetch(keys)
        return keys, answer, self.pack(keys)

    def read(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=DATA, Key=key)["Body"].read()

    def forget(self) -> None:
        """Let the next plan find nothing to reuse."""
        self.s3.delete_object(Bucket=DATA, Key=DatasetKeys(DATASET).packed_run)


@contextmanager
def reuse_bench(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Bench]:
    """Yield a bench with IMAGES + 10 images, on moto."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=DATA)
        client.create_bucket(Bucket=PICTURES)
        settings = f"source: s3://{PICTURES}/art/\nimage: {{size: 32}}\n"
        client.put_object(Bucket=DATA, Key=f"{DATASET}/dataset.yaml", Body=settings.encode())
        made = Bench(client, folder)
        for number in range(IMAGES + 10):
            made.image(f"{number}.png", drawing(number) + b" " * number)  # no two alike
        yield made


def rows(numbers: range, turn: int = 0, first_id: int = 0) -> list[str]:
    """Return rows of these images; `turn` turns their labels, `first_id` shifts their ids."""
    return [
        f"{first_id + n}\t" + "\t".join("01"[(n + turn) % 3 == k] for k in range(3)) + f"\t{n}.png"
        for n in numbers
    ]
