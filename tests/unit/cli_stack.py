"""A deployed stack in moto, for the tests of the commands that talk to one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tagline.cli import places
from tagline.cli.target import Target, find_target
from tagline.formats.document import Document, encode
from tagline.formats.models import Metrics
from tagline.formats.outcomes import Status
from tests.unit import run_documents

BUCKET = "tagline-data"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:retrain"
API = "http://127.0.0.1:9/api"
RUN = "designs-0123456789abcdef"
LATER_RUN = "designs-fedcba9876543210"
OTHER_RUN = "logos-00000000000000aa"

OUTPUTS = {"DataBucket": BUCKET, "StateMachineArn": MACHINE, "ApiUrl": API}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Target]:
    """The stack's target; the commands find it by the environment's credentials."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(places, "CLOUD_FILE", tmp_path / "cloud.json")
    monkeypatch.setattr(Target, "stack_outputs", lambda _self: OUTPUTS)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield find_target()


def put(target: Target, key: str, content: object) -> None:
    """Write an object: bytes as they are, a list as JSON Lines, a document as it is in its file."""
    if isinstance(content, Document):
        body = encode(content)
    elif isinstance(content, list):
        body = "".join(f"{json.dumps(row)}\n" for row in content).encode()
    else:
        assert isinstance(content, bytes)
        body = content
    target.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def golden(name: str) -> bytes:
    """A file as version 0.1.0 left it."""
    return (Path(__file__).parents[1] / "golden/formats" / name).read_bytes()


def status(run: str, outcome: str, started: str, **more: Any) -> Status:
    """A status.json as RecordOutcome and RecordFailure write it."""
    known = {"dataset": run.rpartition("-")[0], "state": "RecordOutcome"}
    times = {"started": started, "ended": started.replace(":00Z", ":59Z")}
    ending = {"run": run, "outcome": outcome, "reason": "better than no champion"}
    return run_documents.status(**ending | known | times | more)


def metrics(run: str = RUN) -> Metrics:
    """A metrics.json of 14 labels that were measured and one that was not."""
    rows: list[dict[str, Any]] = [
        {"label": f"tag{number}", "ap": 0.99 - number / 20, "f1": 0.8, "support": 9,
         "threshold": 0.5}
        for number in range(14)
    ]  # fmt: skip
    never = {"label": "never", "ap": None, "f1": None, "support": 0, "threshold": 0.5}
    champion = {"run": OTHER_RUN, "mAP": 0.85, "micro_ap": 0.8, "baseline_map": 0.19}
    return run_documents.metrics(run=run, labels=[*rows, never], champion=champion)
