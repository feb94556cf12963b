"""A dataset with a champion in moto, an endpoint that answers by an image's bytes, and batches."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from tagline.api.bucket import DataBucket
from tagline.api.champions import Champions
from tagline.api.recommending import UserHistories
from tagline.aws.s3 import Bucket
from tagline.batches.planning import plan_batch
from tagline.batches.publishing import publish_batch
from tagline.batches.tagging import Tagger, tag_shard
from tagline.formats.batch_keys import BatchKeys, BatchList, batch_name
from tagline.formats.batch_steps import (
    BatchEnding,
    BatchInput,
    BatchPlanAnswer,
    PublishEvent,
    TagShardAnswer,
    TagShardEvent,
)
from tagline.formats.document import encode
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.locations import plain_etag
from tagline.formats.plan import DroppedList
from tests.unit import run_documents
from tests.unit.flow_world import BUCKET, DATASET, account

PNG = b"\x89PNG\r\n\x1a\n"
LABELS = ("red", "round", "blue")
STARTED = "2026-11-12T00:00:00Z"


@dataclass
class Endpoint:
    """Scores an image by the labels that its bytes name; `trouble` comes first, an answer each."""

    run: str
    labels: tuple[str, ...] = LABELS
    trouble: list[Exception] = field(default_factory=list)
    asked: int = 0
    told: set[str] = field(default_factory=set)
    before: Callable[[bytes], None] = lambda _body: None

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.asked += 1
        self.told.add(request["CustomAttributes"])
        body: bytes = request["Body"]
        self.before(body)
        if self.trouble:
            raise self.trouble.pop()
        words = body[len(PNG) :].decode().split()
        scores = [0.9 if label in words else 0.1 for label in self.labels]
        answer = {
            "run": self.run, "created": STARTED, "labels": self.labels, "scores": scores
        }  # fmt: skip
        return {"Body": io.BytesIO(json.dumps(answer).encode())}


def refusal(status: int, error: str, code: str = "ModelError") -> ClientError:
    """Return what SageMaker tells where the container answered an error."""
    message = json.dumps({"error": error, "detail": f"it is {error}"})
    return ClientError(
        {
            "Error": {"Code": code, "Message": "told"},
            "OriginalStatusCode": status,
            "OriginalMessage": message,
        },  # type: ignore[typeddict-unknown-key]
        "InvokeEndpoint",
    )


class BatchWorld:
    """What a batch goes through, step by step."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        self.bucket = Bucket(s3, BUCKET)
        champion = run_documents.champion()
        self.run = champion.run
        self.endpoint = Endpoint(champion.run)
        self.sources: frozenset[str] = frozenset()
        self.put(DatasetKeys(DATASET).champion, encode(champion))
        packed = replace(run_documents.packed_dataset(), labels=LABELS)
        self.put(RunKeys(champion.run).packed_dataset, encode(packed))
        rows = [
            {"label": label, "ap": 0.5, "f1": 0.5, "support": 1, "threshold": 0.5}
            for label in LABELS
        ]
        self.put(
            RunKeys(champion.run).metrics,
            encode(run_documents.metrics(run=champion.run, labels=rows)),
        )

    def put(self, key: str, body: bytes, bucket: str = BUCKET) -> str:
        return str(self.s3.put_object(Bucket=bucket, Key=key, Body=body)["ETag"])

    def image(self, path: str, words: str = "red") -> None:
        self.put(f"{DATASET}/{path}", PNG + words.encode())

    def drop(self, text: str | bytes, name: str = "new.txt") -> BatchInput:
        key = f"{DATASET}/batches/{name}"
        etag = plain_etag(self.put(key, text if isinstance(text, bytes) else text.encode()))
        dropped = DroppedList(key=key, etag=etag)
        batch = batch_name(BUCKET, key, "", etag)
        return BatchInput(
            bucket=BUCKET, batch=batch, dataset=DATASET, list=dropped, started=STARTED
        )

    def plan(self, given: BatchInput, seconds: float = 60) -> BatchPlanAnswer:
        return plan_batch(given, self.s3, "tagline", self.sources, lambda: seconds)

    def tag(self, batch: str, shard: str, seconds: float = 60) -> TagShardAnswer:
        lying = DataBucket(self.s3, BUCKET)
        champions = Champions(lying, "tagline")
        runtime: Any = self.endpoint
        tagger = Tagger(self.bucket, runtime, champions, UserHistories(lying), self.sources)
        event = TagShardEvent(bucket=BUCKET, batch=batch, shard=shard)
        return tag_shard(event, tagger, lambda: seconds)

    def publish(self, batch: str) -> BatchEnding:
        return publish_batch(PublishEvent(bucket=BUCKET, batch=batch), self.bucket)

    def through(self, text: str | bytes, name: str = "new.txt") -> list[dict[str, Any]]:
        """Tag a list; return its verdicts."""
        self.publish(self.tagged(text, name))
        lines = self.read(BatchList.of(f"{DATASET}/batches/{name}").tags).splitlines()
        return [json.loads(line) for line in lines]

    def tagged(self, text: str | bytes, name: str = "new.txt") -> str:
        """Drop a list and tag its images, no more; return the batch."""
        given = self.drop(text, name)
        self.plan(given)
        for shard in self.json(BatchKeys(given.batch).shards):
            self.tag(given.batch, shard["shard"])
        return given.batch

    def read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def json(self, key: str) -> Any:
        return json.loads(self.read(key))

    def there(self) -> set[str]:
        return set(self.bucket.keys(f"{DATASET}/batches/"))


@contextmanager
def batch_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchWorld]:
    """Enter a mocked account with a champion."""
    with account(monkeypatch):
        yield BatchWorld(boto3.client("s3"))
