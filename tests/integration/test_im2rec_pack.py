"""Packing a run: every row accounted for, the same bytes always, failures in a sentence."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import cv2
import msgspec
import numpy as np
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from im2rec.__main__ import main
from im2rec.errors import PackFailed
from im2rec.run import shards
from im2rec.run.pack import pack_run
from im2rec.run.task import Task
from tagline.aws.s3 import Bucket
from tagline.formats.reasons import Reason
from tagline.formats.recordio import ImageRecord, read_records, unpack_record
from tagline.formats.settings import ImageSpec
from tagline.imaging import preprocess
from tests.integration.packing_run import BUCKET, KEYS, LABELS, RUN, RunOnPaper, tar

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RGB = cv2.IMREAD_COLOR_RGB


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def pack(s3: "S3Client", folder: Path, workers: int = 1) -> list[str]:
    """Pack the run in the bucket; return the lines of its progress."""
    folder.mkdir()
    report = io.StringIO()
    pack_run(Task(Bucket(s3, BUCKET), KEYS, folder, workers, report))
    return report.getvalue().splitlines()


def content(s3: "S3Client", key: str) -> bytes:
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def lines(s3: "S3Client", key: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(s3, key).splitlines()]


def keys(s3: "S3Client") -> set[str]:
    return {o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}


def images(s3: "S3Client", channel: str) -> list[ImageRecord]:
    stream = io.BytesIO(content(s3, KEYS.packed(channel)))
    return [unpack_record(payload) for payload in read_records(stream)]


def test_a_run_becomes_two_record_files(s3: "S3Client", tmp_path: Path) -> None:
    paper = RunOnPaper.of(50)
    paper.put(s3)
    assert pack(s3, tmp_path / "a")[-1] == "packed=50 total=50 rejected=0"
    train, validation = images(s3, "training"), images(s3, "validation")
    assert [r.identifier for r in train] == [1000 + n for n in range(1, 51) if n % 5]
    assert [r.identifier for r in validation] == [1000 + n for n in range(1, 51) if not n % 5]
    for record in train:
        line = record.identifier - 1000
        assert record.labels == tuple(float(line % 3 == n) for n in range(3))
        decoded = np.asarray(cv2.imdecode(np.frombuffer(record.image, np.uint8), RGB))
        seen = preprocess(paper.images[line], ImageSpec(size=48))
        assert np.abs(decoded.astype(int) - seen).mean() < 4
    assert list((tmp_path / "a").glob("*.tar")) == []


def test_dataset_json_describes_the_files(s3: "S3Client", tmp_path: Path) -> None:
    paper = RunOnPaper.of(50)
    paper.images[7] = b"<html>not found</html>"
    paper.put(s3)
    pack(s3, tmp_path / "a")
    dataset = json.loads(content(s3, KEYS.packed_dataset))
    assert {k: dataset[k] for k in ("rows", "accepted", "rejected", "train", "validation")} == {
        "rows": 50,
        "accepted": 49,
        "rejected": 1,
        "train": 39,
        "validation": 10,
    }
    assert dataset["labels"] == LABELS
    assert dataset["image"] == {"size": 48, "mode": "letterbox", "background": "#ffffff"}
    assert (dataset["run"], dataset["fingerprint"]) == (RUN, "f" * 64)
    assert sum(p["train"] + p["validation"] for p in dataset["positives"].values()) == 49
    for split, channel in (("train", "training"), ("validation", "validation")):
        data = content(s3, KEYS.packed(channel))
        assert dataset["sha256"][split] == hashlib.sha256(data).hexdigest()
        assert dataset["bytes"][split] == len(data)
    assert content(s3, "designs/training/train.rec") == content(s3, KEYS.packed("training"))
    assert content(s3, "designs/validation/val.rec") == content(s3, KEYS.packed("validation"))


def test_the_worker_count_leaves_no_trace_in_the_bytes(s3: "S3Client", tmp_path: Path) -> None:
    paper = RunOnPaper.of(90)
    paper.images[4] = paper.images[4][:60]
    paper.put(s3)
    found = []
    for workers in (1, 3):
        pack(s3, tmp_path / str(workers), workers)
        packed = [KEYS.packed(channel) for channel in ("training", "validation")]
        found.append([content(s3, k) for k in (*packed, KEYS.verdicts, KEYS.packed_dataset)])
    assert found[0] == found[1]


def test_every_row_has_one_verdict(s3: "S3Client", tmp_path: Path) -> None:
    paper = RunOnPaper.of(50)
    paper.fetch_rejects[3] = (Reason.MISSING_OBJECT, "no such key")
    paper.images[2] = b"GIF89a"
    paper.reject_in_plan(51)
    paper.put(s3)
    pack(s3, tmp_path / "a")
    verdicts = lines(s3, KEYS.verdicts)
    assert [v["line"] for v in verdicts] == list(range(1, 52))
    assert verdicts[0] == {
        "line": 1,
        "id": 1001,
        "path": "images/1.png",
        "verdict": "accepted",
        "split": "train",
        "reason": None,
        "detail": None,
        "lost": None,
        "likeness": verdicts[0]["likeness"],
        "copy_of": None,
        "sha256": hashlib.sha256(paper.images[1]).hexdigest(),
        "kind": "jpeg 128 opaque",
    }
    rejects = {reject["line"]: reject for reject in lines(s3, KEYS.rejects)}
    assert {line: reject["reason"] for line, reject in rejects.items()} == {
        2: "unsupported_image",
        3: "missing_object",
        51: "bad_label",
    }
    assert "GIF" in rejects[2]["detail"]
    assert rejects[51] == msgspec.to_builtins(paper.plan_rejects[0])


def test_too_many_rejects_fail_the_run_and_are_listed(s3: "S3Client", tmp_path: Path) -> None:
    paper = RunOnPaper.of(10)
    paper.tolerance = 0.2
    for line in (1, 2, 3):
        paper.images[line] = b"nothing"
    paper.put(s3)
    with pytest.raises(PackFailed, match=r"3 of 10 rows .* allows 20%.*unsupported_image.*line 1"):
        pack(s3, tmp_path / "a")
    assert len(lines(s3, KEYS.rejects)) == 3
    assert not {KEYS.packed_dataset, "designs/training/train.rec"} & keys(s3)


def test_an_empty_channel_fails_the_run(s3: "S3Client", tmp_path: Path) -> None:
    paper = RunOnPaper.of(10)
    paper.fetch_rejects |= dict.fromkeys((5, 10), (Reason.EMPTY_OBJECT, "0 bytes"))
    paper.put(s3)
    with pytest.raises(PackFailed, match="No image is left for validation"):
        pack(s3, tmp_path / "a")
    assert KEYS.packed_dataset not in keys(s3)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([1, 2], "expected line 3's image, found its end"),
        ([1, 2, 7], "expected line 3's image, found member '7'"),
        ([3, 4, 2, 1], "more images than rows"),
    ],
)
def test_a_tar_that_does_not_fit_its_rows_fails_the_run(
    s3: "S3Client", tmp_path: Path, members: list[int], says: str
) -> None:
    paper = RunOnPaper.of(3)
    paper.put(s3)
    body = tar({str(line): paper.images[1] for line in members})
    s3.put_object(Bucket=BUCKET, Key=KEYS.shard_images("00000"), Body=body)
    with pytest.raises(PackFailed, match=says):
        pack(s3, tmp_path / "a")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_tar_s_links_lead_nowhere(s3: "S3Client", tmp_path: Path, kind: bytes) -> None:
    paper = RunOnPaper.of(3)
    paper.put(s3)
    body = io.BytesIO(tar({"1": paper.images[1], "2": paper.images[2]}))
    with tarfile.open(fileobj=body, mode="a") as archive:
        link = tarfile.TarInfo("3")
        link.type, link.linkname = kind, "1"
        archive.addfile(link)
    s3.put_object(Bucket=BUCKET, Key=KEYS.shard_images("00000"), Body=body.getvalue())
    with pytest.raises(PackFailed, match="expected line 3's image, found member '3'"):
        pack(s3, tmp_path / "a")


def test_an_image_above_the_limit_fails_the_run(
    s3: "S3Client", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = RunOnPaper.of(3)
    paper.images[2] = b"x" * 5000
    paper.put(s3)
    monkeypatch.setattr(shards, "MAX_IMAGE_BYTES", 4999)
    with pytest.raises(PackFailed, match="line 2 has 5000 bytes"):
        pack(s3, tmp_path / "a")


def test_the_tar_s_order_leaves_no_trace_in_the_bytes(s3: "S3Client", tmp_path: Path) -> None:
    paper = RunOnPaper.of(30)
    paper.put(s3)
    found = []
    for order in (1, -1):
        body = tar({str(line): paper.images[line] for line in range(1, 21)[::order]})
        s3.put_object(Bucket=BUCKET, Key=KEYS.shard_images("00000"), Body=body)
        pack(s3, tmp_path / str(order))
        found.append([content(s3, KEYS.packed(name)) for name in ("training", "validation")])
    assert found[0] == found[1]


def test_rows_without_a_verdict_fail_the_run(s3: "S3Client", tmp_path: Path) -> None:
    RunOnPaper.of(3).put(s3)
    verdicts = content(s3, KEYS.shard_verdicts("00000")).splitlines()
    s3.put_object(Bucket=BUCKET, Key=KEYS.shard_verdicts("00000"), Body=b"\n".join(verdicts[:2]))
    with pytest.raises(PackFailed, match="rows and verdicts do not match"):
        pack(s3, tmp_path / "a")


def test_rows_that_no_shard_holds_fail_the_run(s3: "S3Client", tmp_path: Path) -> None:
    RunOnPaper.of(40).put(s3)
    s3.put_object(
        Bucket=BUCKET, Key=KEYS.shards, Body=b'[{"shard": "00000", "rows": 20, "bytes": 1}]'
    )
    with pytest.raises(PackFailed, match="40 rows and 20 of them have a verdict"):
        pack(s3, tmp_path / "a")


def test_the_command_packs_and_answers_zero(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    RunOnPaper.of(12).put(s3)
    monkeypatch.setenv("TAGLINE_BUCKET", BUCKET)
    monkeypatch.setenv("TAGLINE_RUN", RUN)
    assert main(["pack"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "packed=12 total=12 rejected=0"


def test_the_command_leaves_the_reason_of_a_failure(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAGLINE_BUCKET", BUCKET)
    monkeypatch.setenv("TAGLINE_RUN", RUN)
    assert main(["pack"]) == 1
    left = content(s3, KEYS.failure_note("PackDataset")).decode()
    assert left.startswith(f"s3://{BUCKET}/{KEYS.plan} is missing")
    assert left in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "body", "says"),
    [
        (KEYS.plan, b"{", "is not JSON"),
        (KEYS.plan, b'{"rows": -1}', "rows: Expected `int` >= 0"),
        (KEYS.plan, b'{"format": 9}', "is of format 9"),
        (
            KEYS.shard_rows("00000"),
            b'{"line": 1}\n',
            ", line 1: Object missing required field `id`",
        ),
    ],
)
def test_the_command_names_the_object_that_cannot_be_read(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, key: str, body: bytes, says: str
) -> None:
    RunOnPaper.of(12).put(s3)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    monkeypatch.setenv("TAGLINE_BUCKET", BUCKET)
    monkeypatch.setenv("TAGLINE_RUN", RUN)
    assert main(["pack"]) == 1
    left = content(s3, KEYS.failure_note("PackDataset")).decode()
    assert left.startswith(f"s3://{BUCKET}/{key}")
    assert says in left


def test_the_command_names_the_object_that_s3_refuses(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    RunOnPaper.of(12).put(s3)
    key = KEYS.shard_images("00000")

    def refuse(params: dict[str, Any], **_: object) -> None:
        if params.get("Key") == key:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, "GetObject")

    s3.meta.events.register("provide-client-params.s3", refuse)
    monkeypatch.setattr(boto3, "client", lambda *_, **__: s3)
    monkeypatch.setenv("TAGLINE_BUCKET", BUCKET)
    monkeypatch.setenv("TAGLINE_RUN", RUN)
    assert main(["pack"]) == 1
    left = content(s3, KEYS.failure_note("PackDataset")).decode()
    assert left.startswith(f"S3 cannot be used at s3://{BUCKET}/{key}: ")
    assert "AccessDenied" in left


@pytest.mark.parametrize("run", ["", "../../x", "designs"])
def test_the_command_refuses_a_run_that_is_none(monkeypatch: pytest.MonkeyPatch, run: str) -> None:
    monkeypatch.setenv("TAGLINE_BUCKET", BUCKET)
    monkeypatch.setenv("TAGLINE_RUN", run)
    assert main(["pack"]) == 2
