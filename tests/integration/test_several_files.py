"""A set of several record files: the records of the one file, whoever packs it, reused as well."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from im2rec.errors import PackFailed
from im2rec.records import FetchedImage, Packed, pack_image
from im2rec.run.channels import longest_file
from im2rec.run.join import join_run
from im2rec.run.pack import pack_run
from im2rec.run.parts import pack_part
from im2rec.run.task import Task
from tagline.aws import partitions
from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys
from tagline.formats.packed import CHANNELS
from tagline.formats.rows import IndexedImage, Side
from tagline.formats.settings import ImageSpec
from tests.integration.packing_run import BUCKET, KEYS, RunOnPaper
from tests.integration.reuse_bench import DATA, DATASET, reuse_bench, rows
from tests.integration.test_near_copies_sides import COPIES, paper_of, put
from tests.unit.documents import plan, settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LONGEST = 20_000  # bytes, some ten records
COPIED = DatasetKeys(KEYS.dataset)
PARTS = [("00000-00000", "00001-00004"), tuple(f"{n:05}-{n:05}" for n in range(5))]


class InProcess:
    """Packs images as a PackingPool does, where processes would only take time."""

    def __init__(self, spec: ImageSpec, workers: int) -> None:
        self._spec = spec

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def pack(self, images: Iterable[FetchedImage]) -> Iterator[Packed]:
        return (pack_image(image, self._spec) for image in images)


@pytest.fixture(autouse=True)
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("im2rec.run.pack.PackingPool", InProcess)


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


@pytest.fixture
def several() -> Iterator[pytest.MonkeyPatch]:
    """Let record files be short; yield what undoes it."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("pack", "join", "sides"):
            patch.setattr(f"im2rec.run.{module}.longest_file", lambda _: LONGEST)
        yield patch


def new_task(s3: "S3Client", folder: Path) -> Task:
    made = folder / str(len(list(folder.iterdir())))
    made.mkdir()
    return Task(Bucket(s3, BUCKET), KEYS, made, 1, io.StringIO())


def left(s3: "S3Client") -> dict[str, bytes]:
    """Return what a packing leaves for others, and forget it."""
    found = {}
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        key = item["Key"]
        if key.endswith((".rec", "dataset.json", "/verdicts.jsonl")) and "/parts/" not in key:
            found[key] = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            s3.delete_object(Bucket=BUCKET, Key=key)
    return found


def records(found: dict[str, bytes], folder: str) -> bytes:
    names = sorted(key for key in found if key.startswith(folder))
    return b"".join(found[name] for name in names)


def test_several_files_are_the_one_whoever_packs(
    s3: "S3Client", tmp_path: Path, several: pytest.MonkeyPatch
) -> None:
    RunOnPaper.of(90).put(s3)
    pack_run(new_task(s3, tmp_path))
    one_task = left(s3)
    for names in PARTS:
        for key in list(Bucket(s3, BUCKET).keys(KEYS.parts)):
            s3.delete_object(Bucket=BUCKET, Key=key)
        for name in names:
            pack_part(new_task(s3, tmp_path), name)
        join_run(new_task(s3, tmp_path))
        assert left(s3) == one_task
    several.undo()
    pack_run(new_task(s3, tmp_path))
    one_file = left(s3)
    told, plain = (json.loads(it[KEYS.packed_dataset]) for it in (one_task, one_file))
    files = told["files"]
    assert told == plain | {"files": files}
    assert plain["files"] == {}
    assert set(files) == {"train", "validation"}  # no test image
    assert len(files["train"]) > 5
    for side, channel in CHANNELS.items():
        folder = KEYS.packed_folder(channel)
        assert records(one_task, folder) == one_file[KEYS.packed(channel)]
        assert (KEYS.packed(channel) in one_task) == (side is Side.TEST)
        copied = {key: data for key, data in one_task.items() if key.startswith(folder)}
        assert {
            key.removeprefix(COPIED.packed_folder(channel)): data
            for key, data in one_task.items()
            if key.startswith(COPIED.packed_folder(channel))
        } == {key.removeprefix(folder): data for key, data in copied.items()}
        for number, file in enumerate(files.get(side, [])):
            data = one_task[KEYS.packed(channel, number)]
            assert file["name"] == KEYS.packed(channel, number).removeprefix(folder)
            assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
            assert file["bytes"] <= LONGEST
        if side in files:
            assert sum(file["images"] for file in files[side]) == told[side]


def test_records_that_changed_sides_are_cut_alike(
    s3: "S3Client", tmp_path: Path, several: pytest.MonkeyPatch
) -> None:
    paper = paper_of(COPIES, settled=range(1, 49))
    put(s3, paper)
    pack_run(new_task(s3, tmp_path))
    one_task = left(s3)
    assert json.loads(one_task[KEYS.packed_dataset])["near_copies"]["moved"] == 5
    put(s3, paper)
    for name in ("00000-00001", "00002-00002"):
        pack_part(new_task(s3, tmp_path), name)
    join_run(new_task(s3, tmp_path))
    assert left(s3) == one_task
    several.undo()
    put(s3, paper)
    pack_run(new_task(s3, tmp_path))
    one_file = left(s3)
    for channel in CHANNELS.values():
        assert records(one_task, KEYS.packed_folder(channel)) == one_file[KEYS.packed(channel)]


def test_the_users_copies_are_the_newest_sets_alone(
    s3: "S3Client", tmp_path: Path, several: pytest.MonkeyPatch
) -> None:
    RunOnPaper.of(40).put(s3)
    folder = COPIED.packed_folder("training")
    s3.put_object(Bucket=BUCKET, Key=f"{folder}train-notes.rec.txt", Body=b"a person's own")

    def names() -> list[str]:
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=folder)["Contents"]
        return [item["Key"].removeprefix(folder) for item in listed]

    pack_run(new_task(s3, tmp_path))
    first = names()
    assert first[:2] == ["train-00000.rec", "train-00001.rec"]
    several.undo()
    pack_run(new_task(s3, tmp_path))
    assert names() == ["train-notes.rec.txt", "train.rec"]


def test_parts_that_are_others_fail_the_join_of_several_files(
    s3: "S3Client", tmp_path: Path, several: pytest.MonkeyPatch
) -> None:
    RunOnPaper.of(90).put(s3)
    for name in PARTS[0]:
        pack_part(new_task(s3, tmp_path), name)
    key = KEYS.part_records(PARTS[0][1], Side.TRAIN)
    body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    for damaged in (bytes(reversed(body)), body[:-1] + bytes([body[-1] ^ 1])):
        s3.put_object(Bucket=BUCKET, Key=key, Body=damaged)
        with pytest.raises(PackFailed, match="train records of part 00001-00004 are not those"):
            join_run(new_task(s3, tmp_path))
    assert KEYS.packed_dataset not in left(s3)


def test_the_setting_says_how_long_a_file_may_be() -> None:
    assert longest_file(plan()) == 2 << 30
    assert longest_file(plan(settings=settings(records={"file_mib": 3}))) == 3 << 20


def test_a_set_of_several_files_is_reused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, several: pytest.MonkeyPatch
) -> None:
    with reuse_bench(monkeypatch, tmp_path) as bench:
        keys, _, packed = bench.run(rows(range(60)))
        assert len(packed["files"]["train"]) > 2
        _, answer, again = bench.run(rows(range(62)))
        assert (answer.reused, bench.source_reads) == (60, 2)
        several.undo()
        _, answer, whole = bench.run(rows(range(62)))
        assert answer.reused == 62
        assert whole["files"] == {}
        assert whole["sha256"] == again["sha256"]
        bench.s3.delete_object(Bucket=DATA, Key=keys.packed("training", 1))
        pointer = DatasetKeys(DATASET).packed_run
        bench.s3.put_object(Bucket=DATA, Key=pointer, Body=json.dumps({"run": keys.run}).encode())
        assert bench.plan(rows(range(63)))[1].reused == 0


def test_long_documents_lie_in_partitions_and_are_moved_there(
    s3: "S3Client", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = paper_of(COPIES, settled=range(1, 49))
    paper.images[20] = b"no image"
    put(s3, paper)
    bucket = Bucket(s3, BUCKET)
    pack_run(new_task(s3, tmp_path))
    names = (KEYS.verdicts, KEYS.rejects, KEYS.images, COPIED.split)
    whole = {key: list(partitions.read_raw(bucket, key)) for key in names}
    for key in names:
        bucket.delete(key)
    put(s3, paper)
    index = list(bucket.lines(KEYS.images, IndexedImage))
    bucket.delete(KEYS.images)
    short = partial(partitions.write_records, most=20)
    short(bucket, KEYS.images, index)
    monkeypatch.setattr("im2rec.run.publishing.write_records", short)
    monkeypatch.setattr("im2rec.run.sides.write_records", short)
    pack_run(new_task(s3, tmp_path))
    assert {key: list(partitions.read_raw(bucket, key)) for key in names} == whole
    for key in (KEYS.verdicts, KEYS.images):
        assert len(partitions.record_keys(bucket, key)) == 3
