"""The record files of a run: their bytes, and what is told of them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from im2rec.run.channels import Channels
from tagline.aws.s3 import Bucket
from tagline.formats.packed import RecordFile
from tagline.formats.recordio import frame
from tagline.formats.rows import Side
from tests.unit.flow_world import BUCKET, Account, account


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


def told(data: bytes, images: int, positives: tuple[int, ...]) -> RecordFile:
    digest = hashlib.sha256(data).hexdigest()
    return RecordFile(images=images, bytes=len(data), sha256=digest, positives=positives)


def test_each_side_has_its_records_and_its_numbers(tmp_path: Path, world: Account) -> None:
    train, validation = frame(b"one") + frame(b"three"), frame(b"two!")
    with Channels(tmp_path, 3) as channels:
        channels[Side.TRAIN].add(b"one", "011")
        channels[Side.VALIDATION].add(b"two!", "100")
        channels[Side.TRAIN].add(b"three", "010")
        files = channels.files.together
    assert files.train == told(train, 2, (0, 2, 1))
    assert files.validation == told(validation, 1, (1, 0, 0))
    assert (tmp_path / "train.rec").read_bytes() == train
    assert (tmp_path / "validation.rec").read_bytes() == validation
    channels[Side.TRAIN].upload_as(Bucket(world.s3, BUCKET), "a.rec", "kind=train")
    found = world.s3.get_object(Bucket=BUCKET, Key="a.rec")
    assert found["Body"].read() == train
    assert found["ContentType"] == "application/x-recordio"
    tags = world.s3.get_object_tagging(Bucket=BUCKET, Key="a.rec")["TagSet"]
    assert tags == [{"Key": "kind", "Value": "train"}]


def test_what_stands_there_already_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "train.rec").write_bytes(b"kept")
    with pytest.raises(FileExistsError):
        Channels(tmp_path, 3)
    assert (tmp_path / "train.rec").read_bytes() == b"kept"
