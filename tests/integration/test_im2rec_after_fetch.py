"""Plan, fetch and pack one after the other: what each step leaves is what the next one reads."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from im2rec.run.pack import pack_run
from im2rec.run.task import Task
from tagline.aws.s3 import Bucket
from tagline.fetching.shard import fetch_shard
from tagline.formats.locations import plain_etag
from tagline.formats.plan import DroppedList
from tagline.formats.steps import FetchEvent, RunInput
from tagline.planning.plan import plan_dataset
from tests.integration.packing_run import BUCKET, KEYS, RUN, drawing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROWS = 40
BROKEN, MISSING, BAD = 7, 11, 13


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


def drop_list(s3: "S3Client") -> RunInput:
    lines = []
    for line in range(1, ROWS + 1):
        labels = ["2" if line == BAD else "01"[line % 3 == n] for n in range(3)]
        lines.append("\t".join([str(1000 + line), *labels, f"images/{line}.png"]))
        if line != MISSING:
            body = drawing(line)[:90] if line == BROKEN else drawing(line)
            s3.put_object(Bucket=BUCKET, Key=f"designs/images/{line}.png", Body=body)
    key = "designs/lists/new.lst"
    etag = s3.put_object(Bucket=BUCKET, Key=key, Body="\n".join(lines).encode())["ETag"]
    return RunInput(
        bucket=BUCKET,
        dataset="designs",
        run=RUN,
        list=DroppedList(key=key, etag=plain_etag(etag)),
        started="2026-11-12T00:00:00Z",
    )


def content(s3: "S3Client", name: str) -> bytes:
    return s3.get_object(Bucket=BUCKET, Key=KEYS.of(name))["Body"].read()


def test_every_row_of_a_list_ends_in_the_files_or_in_the_rejects(
    s3: "S3Client", tmp_path: Path
) -> None:
    plan = plan_dataset(drop_list(s3), s3, [BUCKET])
    for shard in json.loads(content(s3, "shards.json")):
        event = FetchEvent(bucket=BUCKET, run=RUN, shard=shard["shard"])
        fetch_shard(event, s3, lambda: 60.0)
    pack_run(Task(Bucket(s3, BUCKET), KEYS, tmp_path, 1, io.StringIO()))
    dataset: dict[str, Any] = json.loads(content(s3, "dataset.json"))
    assert (plan.rows, dataset["rows"]) == (ROWS, ROWS)
    assert (dataset["accepted"], dataset["rejected"]) == (ROWS - 3, 3)
    assert dataset["train"] + dataset["validation"] + dataset["test"] == ROWS - 3
    rejects = [json.loads(line) for line in content(s3, "rejects.jsonl").splitlines()]
    assert [(reject["line"], reject["reason"]) for reject in rejects] == [
        (BROKEN, "undecodable_image"),
        (MISSING, "missing_object"),
        (BAD, "bad_label"),
    ]
    assert len(content(s3, "verdicts.jsonl").splitlines()) == ROWS
