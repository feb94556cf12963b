"""Near-copies are on one side of what is packed, whoever packs it, and later plans know."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from msgspec.structs import replace
from PIL import Image

from im2rec.errors import PackFailed
from im2rec.run.join import join_run
from im2rec.run.pack import pack_run
from im2rec.run.parts import pack_part
from im2rec.run.task import Task
from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys
from tagline.formats.packed import CHANNELS
from tagline.formats.recordio import read_records, unpack_record
from tagline.formats.rows import IndexedImage, Side
from tagline.formats.settings import Split
from tagline.split.memory import SplitFile
from tagline.split.sides import content_hash
from tests.integration.packing_run import BUCKET, KEYS, RunOnPaper, drawing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATASET = DatasetKeys(KEYS.dataset)
PARTS = ("00000-00001", "00002-00002")
WRITTEN = (
    *(KEYS.packed(channel) for channel in CHANNELS.values()),
    *(DATASET.packed(channel) for channel in CHANNELS.values()),
    *(KEYS.verdicts, KEYS.rejects, KEYS.packed_dataset, KEYS.images, DATASET.split),
)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", config=Config(response_checksum_validation="when_required"))
        client.create_bucket(Bucket=BUCKET)
        yield client


def smaller(number: int) -> bytes:
    """Return a drawing at four fifths of its size."""
    image = Image.open(io.BytesIO(drawing(number)))
    stream = io.BytesIO()
    size = (image.width * 4 // 5, image.height * 4 // 5)
    image.resize(size, Image.Resampling.LANCZOS).save(stream, "PNG")
    return stream.getvalue()


def paper_of(copies: dict[int, int], settled: range = range(0)) -> RunOnPaper:
    """Return 48 rows, every fifth for validation, every seventh for test; some are copies.

    `copies` tells the line of which a line has a smaller picture.
    """
    paper = RunOnPaper.of(48)
    paper.shard_rows = 16
    paper.rows = [
        replace(
            row,
            split=Side.TEST if row.line % 7 == 0 else row.split,
            settled=row.line in settled,
        )
        for row in paper.rows
    ]
    paper.images |= {line: smaller(other) for line, other in copies.items()}
    return paper


def put(s3: "S3Client", paper: RunOnPaper) -> None:
    """Write all that a plan leaves."""
    paper.put(s3)
    bucket = Bucket(s3, BUCKET)
    index = [
        IndexedImage(image=row.key, id=row.id, line=row.line, side=row.split) for row in paper.rows
    ]
    bucket.write_lines(KEYS.images, index)
    s3.delete_object(Bucket=BUCKET, Key=DATASET.split)
    file = SplitFile(bucket, DATASET, Split())
    file.remember(file.recall(), {content_hash(row.etag, 0): row.split for row in paper.rows})


def task(s3: "S3Client", folder: Path, workers: int = 1) -> Task:
    folder.mkdir()
    return Task(Bucket(s3, BUCKET), KEYS, folder, workers, io.StringIO())


def results(s3: "S3Client") -> dict[str, bytes]:
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in WRITTEN}


def lines(found: dict[str, bytes], key: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in found[key].splitlines()]


COPIES = {5: 4, 12: 10, 14: 13, 35: 25, 40: 4}
# 5 and 40 validation, 4 train; 12 train, 10 validation; 14 test, 13 train; 35 test, 25 validation


def test_all_files_tell_of_one_side(s3: "S3Client", tmp_path: Path) -> None:
    paper = paper_of(COPIES, settled=range(1, 49))
    paper.images[20] = b"no image"
    put(s3, paper)
    pack_run(task(s3, tmp_path / "one"))
    found = results(s3)
    dataset = json.loads(found[KEYS.packed_dataset])
    assert dataset["near_copies"] == {"images": 9, "groups": 4, "across": 0, "moved": 5}
    assert dataset["train"] + dataset["validation"] + dataset["test"] == dataset["accepted"] == 47
    verdicts = {v["line"]: v for v in lines(found, KEYS.verdicts)}
    sides = {line: v["split"] for line, v in verdicts.items() if v["verdict"] == "accepted"}
    planned = {row.line: row.split.value for row in paper.rows if row.line != 20}
    moved = {5: "train", 40: "train", 10: "train", 14: "train", 35: "validation"}
    assert sides == planned | moved
    for side, channel in CHANNELS.items():
        stream = io.BytesIO(found[KEYS.packed(channel)])
        records = [unpack_record(payload) for payload in read_records(stream)]
        assert [r.identifier - 1000 for r in records] == [
            line for line, its in sorted(sides.items()) if its == side
        ]
        for at, label in enumerate(dataset["labels"]):
            there = sum(record.labels[at] == 1 for record in records)
            assert dataset["positives"][label][side] == there
        assert found[DATASET.packed(channel)] == found[KEYS.packed(channel)]
    indexed = {image["line"]: image["side"] for image in lines(found, KEYS.images)}
    assert {line: indexed[line] for line in sides} == sides
    known = SplitFile(Bucket(s3, BUCKET), DATASET, Split()).recall().sides
    assert {row.line: known[content_hash(row.etag, 0)] for row in paper.rows} == indexed


@pytest.mark.parametrize("settled", [range(0), range(1, 30), range(1, 49)])
def test_parts_make_what_one_task_makes(s3: "S3Client", tmp_path: Path, settled: range) -> None:
    paper = paper_of(COPIES, settled)
    put(s3, paper)
    pack_run(task(s3, tmp_path / "one", workers=2))
    one = results(s3)
    assert json.loads(one[KEYS.packed_dataset])["near_copies"]["moved"] > 0
    put(s3, paper)
    for name in PARTS:
        pack_part(task(s3, tmp_path / name), name)
    join_run(task(s3, tmp_path / "join"))
    assert results(s3) == one
    join_run(task(s3, tmp_path / "again"))  # as after a crash: what is remembered changes nothing
    assert results(s3) == one


def test_a_new_copy_follows_what_was_trained_on(s3: "S3Client", tmp_path: Path) -> None:
    put(s3, paper_of({45: 44, 46: 42}, settled=range(1, 45)))  # 45 validation, 42 test, 46 train
    pack_run(task(s3, tmp_path / "one"))
    sides = {v["line"]: v["split"] for v in lines(results(s3), KEYS.verdicts)}
    assert (sides[44], sides[45]) == ("train", "train")
    assert (sides[42], sides[46]) == ("test", "test")


def test_without_copies_across_nothing_is_written_anew(s3: "S3Client", tmp_path: Path) -> None:
    put(s3, paper_of({3: 2}))  # both train
    s3.delete_object(Bucket=BUCKET, Key=KEYS.images)  # nobody reads it
    made = task(s3, tmp_path / "one")
    pack_run(made)
    assert not (made.folder / "moved").exists()
    dataset = json.loads(s3.get_object(Bucket=BUCKET, Key=KEYS.packed_dataset)["Body"].read())
    assert dataset["near_copies"] == {"images": 2, "groups": 1, "across": 0, "moved": 0}


def test_other_settings_of_a_later_plan_are_left_alone(s3: "S3Client", tmp_path: Path) -> None:
    put(s3, paper_of(COPIES))
    later = SplitFile(Bucket(s3, BUCKET), DATASET, Split(seed=1))
    later.remember(later.recall(), {7: Side.TRAIN})
    pack_run(task(s3, tmp_path / "one"))
    assert later.recall().sides == {7: Side.TRAIN}


def test_a_damaged_memory_of_the_split_fails_the_packing(s3: "S3Client", tmp_path: Path) -> None:
    put(s3, paper_of(COPIES))
    s3.put_object(Bucket=BUCKET, Key=DATASET.split, Body=b"no split")
    with pytest.raises(PackFailed, match=r"could not be put on one side: .*split\.txt is damaged"):
        pack_run(task(s3, tmp_path / "one"))


def test_records_that_are_not_the_verdicts_are_refused(s3: "S3Client", tmp_path: Path) -> None:
    put(s3, paper_of(COPIES))
    for name in PARTS:
        pack_part(task(s3, tmp_path / name), name)
    s3.copy_object(
        Bucket=BUCKET,
        CopySource={"Bucket": BUCKET, "Key": KEYS.part_records(PARTS[1], Side.TRAIN)},
        Key=KEYS.part_records(PARTS[0], Side.TRAIN),
    )
    with pytest.raises(PackFailed, match="The train records of part 00000-00001 are not those"):
        join_run(task(s3, tmp_path / "join"))
