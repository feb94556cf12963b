"""A dataset packed by several tasks: the same bytes and the same account as by one."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import cv2
import numpy as np
import pytest
from botocore.config import Config
from moto import mock_aws
from PIL import Image

from im2rec.__main__ import main
from im2rec.errors import PackFailed
from im2rec.run.join import join_run
from im2rec.run.pack import pack_run
from im2rec.run.parts import pack_part
from im2rec.run.task import Task
from tagline.aws.multipart import MIN_PART
from tagline.aws.s3 import Bucket
from tagline.formats.reasons import Reason
from tagline.formats.rows import Side
from tests.integration.packing_run import BUCKET, KEYS, RUN, RunOnPaper

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RESULTS = (
    *(KEYS.packed("training"), KEYS.packed("validation"), KEYS.packed("test")),
    *(KEYS.verdicts, KEYS.rejects, KEYS.packed_dataset),
    *("designs/training/train.rec", "designs/validation/val.rec", "designs/test/test.rec"),
)
PARTS = ("00000-00001", "00002-00003", "00004-00004")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("TAGLINE_SHARDS", raising=False)
    with mock_aws():
        # moto gives a copy the checksum of the parts of what was copied
        client = boto3.client("s3", config=Config(response_checksum_validation="when_required"))
        client.create_bucket(Bucket=BUCKET)
        yield client


def noise(number: int) -> bytes:
    """Return an image that no encoder makes small."""
    pixels = np.random.default_rng(number).integers(0, 256, (480, 480, 3), np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def content(s3: "S3Client", key: str) -> bytes:
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def results(s3: "S3Client") -> dict[str, bytes]:
    """Return all that a packing leaves for others, and forget it."""
    found = {key: content(s3, key) for key in RESULTS}
    for key in RESULTS:
        s3.delete_object(Bucket=BUCKET, Key=key)
    return found


def new_task(s3: "S3Client", tmp_path: Path) -> Task:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    folder.mkdir()
    return Task(Bucket(s3, BUCKET), KEYS, folder, 1, io.StringIO())


def pack_parts(s3: "S3Client", tmp_path: Path, names: tuple[str, ...] = PARTS) -> Task:
    """Pack the parts, each in its own task; return a task that may join them."""
    for name in names:
        pack_part(new_task(s3, tmp_path), name)
    return new_task(s3, tmp_path)


def both_ways(s3: "S3Client", tmp_path: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    pack_run(new_task(s3, tmp_path))
    one = results(s3)
    join_run(pack_parts(s3, tmp_path))
    return one, results(s3)


def test_small_parts_make_what_one_task_makes(s3: "S3Client", tmp_path: Path) -> None:
    paper = RunOnPaper.of(90)
    paper.images[7] = b"<html>not found</html>"
    paper.fetch_rejects[41] = (Reason.MISSING_OBJECT, "no such key")
    paper.reject_in_plan(91)
    stream = io.BytesIO()
    Image.new("RGB", (50, 50), "white").save(stream, "PNG")
    paper.images[12] = paper.images[80] = stream.getvalue()
    paper.put(s3)
    one, several = both_ways(s3, tmp_path)
    assert one == several
    dataset = json.loads(one[KEYS.packed_dataset])
    assert dataset["rejected"] == 3
    assert dataset["lost"] == {"one_colour": 2, "transparent": 0}


@pytest.mark.slow
def test_large_parts_make_what_one_task_makes(s3: "S3Client", tmp_path: Path) -> None:
    paper = RunOnPaper.of(75)
    paper.shard_rows, paper.image_size = 15, 480
    paper.images |= {line: noise(line) for line in range(1, 76)}
    paper.put(s3)
    one, several = both_ways(s3, tmp_path)
    assert one == several
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=KEYS.parts)["Contents"]
    sizes = {item["Key"].removeprefix(KEYS.parts): item["Size"] for item in listed}
    # one channel whose parts S3 copies, one whose parts are too small for that
    assert sizes["00000-00001/train.rec"] > MIN_PART > sizes["00000-00001/validation.rec"]


def test_a_part_that_is_packed_again_overwrites_itself(s3: "S3Client", tmp_path: Path) -> None:
    RunOnPaper.of(90).put(s3)
    task = pack_parts(s3, tmp_path, (*PARTS, PARTS[1]))
    join_run(task)
    assert json.loads(content(s3, KEYS.packed_dataset))["accepted"] == 90


def test_a_parts_records_end_with_the_fetched_images(s3: "S3Client", tmp_path: Path) -> None:
    RunOnPaper.of(90).put(s3)
    pack_parts(s3, tmp_path)
    for side in Side:
        key = KEYS.part_records(PARTS[0], side)
        tags = s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
        assert tags == [{"Key": "tagline", "Value": "shard"}]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ((), "No part holds shard 00000"),
        (PARTS[:2], "No part holds shard 00004"),
        (PARTS[1:], "No part holds shard 00000: the next one is 00002-00003"),
        ((PARTS[0], PARTS[2]), "No part holds shard 00002: the next one is 00004-00004"),
    ],
)
def test_parts_that_are_missing_fail_the_join(
    s3: "S3Client", tmp_path: Path, names: tuple[str, ...], says: str
) -> None:
    RunOnPaper.of(90).put(s3)
    task = pack_parts(s3, tmp_path, names)
    with pytest.raises(PackFailed, match=says):
        join_run(task)


def test_parts_that_overlap_fail_the_join(s3: "S3Client", tmp_path: Path) -> None:
    RunOnPaper.of(90).put(s3)
    task = pack_parts(s3, tmp_path, (*PARTS, "00001-00002"))
    with pytest.raises(PackFailed, match=r"00001-00002"):
        join_run(task)


def test_records_that_are_not_those_packed_fail_the_join(s3: "S3Client", tmp_path: Path) -> None:
    RunOnPaper.of(90).put(s3)
    task = pack_parts(s3, tmp_path)
    key = KEYS.part_records(PARTS[1], Side.TRAIN)
    s3.put_object(Bucket=BUCKET, Key=key, Body=bytes(reversed(content(s3, key))))
    with pytest.raises(PackFailed, match="train records of part 00002-00003 are not those"):
        join_run(task)
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"short")
    with pytest.raises(PackFailed, match="has 5 bytes, its part"):
        join_run(task)
    listed = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert KEYS.packed_dataset not in {item["Key"] for item in listed}


def test_verdicts_that_are_not_all_there_fail_the_join(s3: "S3Client", tmp_path: Path) -> None:
    RunOnPaper.of(90).put(s3)
    task = pack_parts(s3, tmp_path)
    key = KEYS.part_verdicts(PARTS[2])
    s3.put_object(Bucket=BUCKET, Key=key, Body=content(s3, key).split(b"\n", 1)[1])
    with pytest.raises(PackFailed, match="00004-00004 has 9 verdicts for 10 rows"):
        join_run(task)


def test_a_dataset_that_tolerates_too_little_fails_in_the_join(
    s3: "S3Client", tmp_path: Path
) -> None:
    paper = RunOnPaper.of(90)
    paper.tolerance = 0.01
    paper.images |= {3: b"nothing", 4: b"nothing"}
    paper.put(s3)
    task = pack_parts(s3, tmp_path)
    with pytest.raises(PackFailed, match="2 of 90 rows were rejected"):
        join_run(task)
    assert len(content(s3, KEYS.rejects).splitlines()) == 2


def test_the_commands_pack_parts_and_join_them(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    RunOnPaper.of(40).put(s3)
    monkeypatch.setenv("TAGLINE_BUCKET", BUCKET)
    monkeypatch.setenv("TAGLINE_RUN", RUN)
    for name in ("00000-00000", "00001-00001"):
        monkeypatch.setenv("TAGLINE_SHARDS", name)
        assert main(["pack"]) == 0
    monkeypatch.delenv("TAGLINE_SHARDS")
    assert main(["join"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "packed=20 total=20 rejected=0"
    assert [line.split()[:2] for line in said[-3:]] == [
        ["joined=training", "parts=2"],
        ["joined=validation", "parts=2"],
        ["joined=test", "parts=2"],
    ]


@pytest.mark.parametrize("name", ["1-2", "00000", "00000-00009", "00001-00000", "x"])
def test_a_part_that_is_none_leaves_its_reason(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    RunOnPaper.of(40).put(s3)
    monkeypatch.setenv("TAGLINE_BUCKET", BUCKET)
    monkeypatch.setenv("TAGLINE_RUN", RUN)
    monkeypatch.setenv("TAGLINE_SHARDS", name)
    assert main(["pack"]) == 1
    left = content(s3, KEYS.failure_note("PackParts")).decode()
    assert left.startswith(f"Part {name}: There are no shards {name!r}")


def test_a_join_that_fails_leaves_its_reason(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    RunOnPaper.of(40).put(s3)
    monkeypatch.setenv("TAGLINE_BUCKET", BUCKET)
    monkeypatch.setenv("TAGLINE_RUN", RUN)
    assert main(["join"]) == 1
    left = content(s3, KEYS.failure_note("JoinParts")).decode()
    assert left.startswith("No part holds shard 00000")
