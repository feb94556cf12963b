"""The promise to buckets that exist: what version 0.1.0 of Tagline left there is read.

tests/golden/formats holds files as that version wrote them, before formats had numbers; they are
never rewritten. A format that changes gets golden files of its own beside them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from tagline.aws.s3 import JSON_LINES, Bucket
from tagline.formats import models, outcomes, packed, plan, rows, steps
from tagline.formats.document import (
    Document,
    Record,
    UnreadableDocument,
    decode,
    decode_array,
    decode_record,
    encode,
    encode_record,
)
from tagline.formats.keys import DatasetKeys
from tagline.formats.rows import Side
from tagline.formats.settings import Settings, Split
from tagline.split.memory import SplitFile

GOLDEN = Path(__file__).parents[1] / "golden/formats"
WHERE = "s3://data/demo/x.json"
OUTCOMES = ("Promoted", "NotPromoted", "Unchanged", "Failed", "RolledBack")
DOCUMENTS: dict[str, type[Document]] = {
    "champion.json": outcomes.Champion,
    "dataset.json": packed.PackedDataset,
    "dataset.reusing.json": packed.PackedDataset,
    "decision.json": outcomes.Decision,
    "latest.json": outcomes.Latest,
    "metrics.compared.json": models.Metrics,
    "metrics.json": models.Metrics,
    "model.json": models.ModelDescription,
    "model_card.json": models.ModelCard,
    "packed.first.json": packed.PackedRuns,
    "packed.json": packed.PackedRuns,
    "part.json": packed.Part,
    "plan.json": plan.Plan,
    "plan.reusing.json": plan.Plan,
    "plan.tuning.json": plan.Plan,
    "smoke.json": models.Smoke,
    **{f"status.{outcome}.json": outcomes.Status for outcome in OUTCOMES},
    "training.json": steps.TrainPlan,
    "training.tune.json": steps.TunePlan,
}
LINES: dict[str, type[Record]] = {
    "images.jsonl": rows.IndexedImage,
    "part.verdicts.jsonl": rows.Verdict,
    "plan-rejects.jsonl": rows.Reject,
    "rejects.jsonl": rows.Reject,
    "shard.jsonl": rows.PlannedRow,
    "shard.rejecting.verdicts.jsonl": rows.FetchVerdict,
    "shard.reusing.jsonl": rows.PlannedRow,
    "shard.verdicts.jsonl": rows.FetchVerdict,
    "verdicts.jsonl": rows.Verdict,
}
ARRAYS: dict[str, type[Record]] = {"shards.json": plan.PlannedShard}
# keys that later versions added, with what stands for them in older files
ADDED: dict[str, list[Any]] = {
    "on_conflict": ["first_wins"],
    "task": ["auto", "multi"],
    "same_as": [None],
    **{key: [None] for key in ("trained_at", "judged_at")},
    "contradicting": [0],
    "changes": [None],
    "thresholds": [{}],
    "chosen": [None],
    "labels": [None],
    "superseded_by": [None],
    "cost": [None],
    "order": [None],
    "before": [[]],
    "reasons": [{}],
    "rollout": [None],
    "rollout_step": [None],
    "rollout_wait": [None],
    "bake": [None],
    "max_latency": [None],
    **{key: [None] for key in ("shadow", "shadow_requests", "shadow_minutes", "shadow_agreement")},
    "budget": [{"per_run": None}],
    "hyperparameters": [None],
    "script": [None],
    "entry": ["train.py"],
    "spot": [False],
    "engine": ["auto"],
    "instance_count": [1],
    "input_mode": ["auto"],
    "shuffle_buffer": [None],
    "mode": ["instances"],
    **{key: [None] for key in ("memory", "max_concurrency", "min_instances", "max_instances")},
    "invocations_per_instance": [None],
    "EnableManagedSpotTraining": [False],
    "lost": [None, {"one_colour": 0, "transparent": 0}],
    "test": [None, 0, "", {"images": 0, "bytes": 0, "sha256": "", "positives": []}],
    "side": [None],
    "near_copies": [{"images": 0, "groups": 0, "across": 0, "moved": 0}],
    "settled": [False],
    "background": [None],
    "likeness": [None],
    "copy_of": [None],
    "corrections": [None],
    "sampling": [{"percent": 0.0, "quota": 100, "band": [0.3, 0.7], "keep_days": 90}],
    "retrain": [{"after_corrections": None, "at_most": "daily"}],
    "sha256": [None],
    "copies": [0],
    "seen": [None],
    "ended_early": [None],
    "judged_on": ["validation"],
    "left_out": [0],
    "drops": [[]],
    "confidence": [0.9, None],
    **{key: [None] for key in ("macro_f1", "micro_f1", "over_frequencies", "not_compared")},
    **{key: [None] for key in ("max_label_drop", "bound", "probability", "images")},
    "quality": ["standard"],
    **{
        key: [None]
        for key in (
            "loss",
            "label_smoothing",
            "dropout",
            "early_stopping_patience",
            "weight_averaging",
            "views",
        )
    },
    "start": [None],
    "start_from": ["auto"],
    "early_stopping": [False],
    "calibration": ["none", None],
    **{key: [None] for key in ("ece", "calibrated_ece", "ap_low", "ap_high")},
    **{key: [None] for key in ("gain", "gain_low", "gain_high")},
    "drift": [{"psi": 0.2, "min_images": 200, "window_hours": 24, "retrain": False}],
    "train_anyway": [None],
    "candidate": [False],
    "tried": [[]],
    "kind": [None, "images"],
    "metric": ["mAP"],
    **{key: [None] for key in ("value", "challenger_value", "champion_value")},
    **{key: [0] for key in ("users", "items")},
    "recommender": [msgspec.to_builtins(Settings().recommender)],
    "algorithm": ["ours", None],
    **{key: [None] for key in ("regularization", "age_decay", "hidden")},
    "primary_metric": ["mAP"],
    **{key: [None] for key in ("temperature", "macro_recall", "baseline_macro_recall")},
    **{key: [None] for key in ("macro_recall_low", "macro_recall_high", "cross_entropy")},
    **{key: [None] for key in ("top1", "top1_low", "top1_high", "top5", "top5_low", "top5_high")},
    **{key: [None] for key in ("confusion", "unsure", "recall", "precision")},
    "reject_option": [{"accuracy": 0.95}],
    "records": [{"file_mib": 2048}],
    "files": [{}],
    "edge": [{"targets": [], "int8": False, "by": "greengrass", "frames": 0}, None],
}
documents = pytest.mark.parametrize(("name", "kind"), DOCUMENTS.items())


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def test_every_golden_file_is_read() -> None:
    found = {path.name for path in GOLDEN.iterdir()}
    assert found == {*DOCUMENTS, *LINES, *ARRAYS, "split.txt"}


def without_added(after: Any, before: Any) -> Any:
    """Return `after` less what later versions added at its default."""
    if isinstance(after, list) and isinstance(before, list) and len(after) == len(before):
        return [without_added(*pair) for pair in zip(after, before, strict=True)]
    if not isinstance(after, dict) or not isinstance(before, dict):
        return after
    return {
        key: without_added(value, before.get(key))
        for key, value in after.items()
        if key in before or value not in ADDED.get(key, ())
    }


@documents
def test_a_document_says_the_same_when_it_is_written_again(name: str, kind: type[Document]) -> None:
    before = json.loads(golden(name))
    assert "format" not in before
    written = json.loads(encode(decode(golden(name), kind, WHERE)))
    assert without_added(written, before) == before | {"format": 1}


@pytest.mark.parametrize(("name", "kind"), LINES.items())
def test_a_line_says_the_same_when_it_is_written_again(name: str, kind: type[Record]) -> None:
    lines = golden(name).splitlines()
    assert lines
    for line in lines:
        before = json.loads(line)
        written = json.loads(encode_record(decode_record(line, kind, WHERE)))
        assert without_added(written, before) == before


@pytest.mark.parametrize(("name", "kind"), ARRAYS.items())
def test_an_array_says_the_same_when_it_is_written_again(name: str, kind: type[Record]) -> None:
    assert json.loads(encode(decode_array(golden(name), kind, WHERE))) == json.loads(golden(name))


@documents
def test_a_newer_format_is_refused_by_name(name: str, kind: type[Document]) -> None:
    newer = json.dumps(json.loads(golden(name)) | {"format": 2}).encode()
    with pytest.raises(UnreadableDocument, match=rf"^{WHERE} is of format 2, .*: update Tagline$"):
        decode(newer, kind, WHERE)


@documents
def test_a_key_that_is_missing_is_named_with_the_address(name: str, kind: type[Document]) -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(kind) if field.required}
    assert fields
    for key in fields:
        less = {k: v for k, v in json.loads(golden(name)).items() if k != key}
        with pytest.raises(UnreadableDocument, match=rf"^{WHERE}: .*`{key}`"):
            decode(json.dumps(less).encode(), kind, WHERE)


@documents
def test_a_key_that_nobody_knows_is_passed_over(name: str, kind: type[Document]) -> None:
    more: dict[str, Any] = json.loads(golden(name)) | {"unheard_of": {"a": [1]}}
    assert decode(json.dumps(more).encode(), kind, WHERE) == decode(golden(name), kind, WHERE)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="data")
        yield Bucket(client, "data")


def test_lines_without_a_format_are_read(bucket: Bucket) -> None:
    bucket.put("old", golden("rejects.jsonl"), JSON_LINES)
    reasons = [reject.reason for reject in bucket.lines("old", rows.Reject)]
    assert len(set(reasons)) == len(reasons) > 5


def test_lines_of_a_newer_format_are_refused_by_name(bucket: Bucket) -> None:
    bucket.put("new", golden("rejects.jsonl"), JSON_LINES, metadata={"format": "2"})
    with pytest.raises(UnreadableDocument, match=r"^s3://data/new is of format 2"):
        next(bucket.lines("new", rows.Reject))


def test_the_sides_of_a_split_are_remembered(bucket: Bucket) -> None:
    bucket.put("designs/split.txt", golden("split.txt"), "text/plain")
    known = SplitFile(bucket, DatasetKeys("designs"), Split(validation=0.2, seed=0)).recall()
    assert known.etag is not None
    assert list(known.sides.values()) == 2 * [Side.VALIDATION] + 2 * [Side.TRAIN]
    assert next(iter(known.sides)) == 0x001451D1D7E13793
