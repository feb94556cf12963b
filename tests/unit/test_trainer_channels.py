"""What a job's machines were given: checked by all, streamed where it does not fit."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tagline.formats.document import encode
from tagline.formats.packed import BySide, PackedFile, PackedFiles
from tagline.formats.recordio import frame
from tests.unit.documents import packed_dataset
from tests.unit.record_files import LABELS, SIDE, payload, write
from trainer import channels
from trainer.channels import Channels, read_channels, training_set
from trainer.contract import Base, JobRefused
from trainer.course import TrainingSet
from trainer.hyperparameters import Hyperparameters, parse
from trainer.labels import LabelCounts
from trainer.streaming import StreamedSet
from trainer.team import ALONE

ASKED = {
    "epochs": "1",
    "learning_rate": "0.01",
    "mini_batch_size": "4",
    "image_shape": f"3,{SIDE},{SIDE}",
    "num_classes": str(LABELS),
}


def asked(**more: str) -> Hyperparameters:
    return parse(ASKED | more)


@pytest.fixture
def base(tmp_path: Path) -> Base:
    data = tmp_path / "input/data"
    paths = write(data / "train", 6, 6)
    write(data / "validation", 5, name="val")
    size = sum(path.stat().st_size for path in paths)
    names = [f"label {number}" for number in range(LABELS)]
    dataset = packed_dataset(
        labels=names, image={"size": SIDE}, train=12, bytes={"train": size, "validation": 1}
    )
    (data / "dataset").mkdir()
    (data / "dataset/dataset.json").write_bytes(encode(dataset))
    return Base(tmp_path)


def say(base: Base, **train: str) -> None:
    base.inputs.parent.mkdir(parents=True, exist_ok=True)
    base.inputs.write_text(json.dumps({"train": train, "validation": {}}))


def test_files_that_fit_are_held_however_they_come(base: Base) -> None:
    assert read_channels(base, asked(), 1).training.cached
    say(base, TrainingInputMode="FastFile")
    assert read_channels(base, asked(), 1).training.cached


@pytest.mark.parametrize(("memory", "mode"), [(1, "File"), (1 << 40, "FastFile")])
def test_files_that_do_not_fit_are_streamed(
    base: Base, memory: int, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(base, TrainingInputMode=mode)
    monkeypatch.setattr(channels, "memory_for_images", lambda: 12 * SIDE * SIDE * 3 - 1)
    monkeypatch.setattr(channels, "machine_memory", lambda: memory)
    found = read_channels(base, asked(), 1)
    assert isinstance(found.training, StreamedSet)
    assert found.training.buffer == 8192
    monkeypatch.setattr(channels, "memory_for_images", lambda: 12 * SIDE * SIDE * 3)
    assert not isinstance(read_channels(base, asked(), 1).training, StreamedSet)


def test_encoded_files_that_fit_are_read_as_they_are_asked_for(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "memory_for_images", lambda: 0)
    assert not isinstance(read_channels(base, asked(), 1).training, StreamedSet)


def test_a_shuffle_buffer_that_is_asked_for_is_taken(base: Base) -> None:
    found = read_channels(base, asked(shuffle_buffer="5"), 1).training
    assert isinstance(found, StreamedSet)
    assert found.buffer == 5


@pytest.mark.parametrize(("kind", "machines", "own"), [
    ("ShardedByS3Key", 2, True), ("ShardedByS3Key", 1, False), ("FullyReplicated", 2, False),
])  # fmt: skip
def test_machines_have_files_of_their_own_where_sagemaker_says_so(
    base: Base, kind: str, machines: int, own: bool
) -> None:
    say(base, S3DistributionType=kind)
    assert read_channels(base, asked(), machines).own is own


def other(images: int = 7, digest: str = "", fault: str = "") -> Any:
    """Return what another machine says that counted its images."""
    return channels._Told(
        images, LabelCounts(images, np.array([images, 0, 1])), None, digest, fault
    )


def together(found: Channels, *others: Any, **more: str) -> TrainingSet:
    """Return what the first of several machines makes of all."""
    here: Any = SimpleNamespace(all=lambda mine: [mine, *others], here=1, rank=0)
    return training_set(found, asked(**more), here)


def test_counts_and_digests_are_of_all_machines(base: Base) -> None:
    say(base, S3DistributionType="ShardedByS3Key")
    found = read_channels(base, asked(), 2)
    alone = training_set(replace(found, own=False), asked(), ALONE)
    assert (alone.counts.images, alone.machines) == (12, ())
    both = together(found, other(), num_training_samples="19")
    assert (both.counts.images, both.machines) == (19, (12, 7))
    assert (both.counts.positives - alone.counts.positives).tolist() == [7, 0, 1]
    assert both.digest != together(found, other(digest="another")).digest
    with pytest.raises(JobRefused, match=r"is 12, but the machines' train channels hold 19 rec"):
        together(found, other(), num_training_samples="12")


def test_a_fault_in_one_machines_files_is_told_by_all(base: Base) -> None:
    say(base, S3DistributionType="ShardedByS3Key")
    found = read_channels(base, asked(), 2)
    with pytest.raises(JobRefused, match=r"^train-00007\.rec: record 3 has 2 labels$"):
        together(found, other(fault="train-00007.rec: record 3 has 2 labels"))


def tell(base: Base, train: int) -> None:
    """Let dataset.json tell of the training files, and of so many images of all machines."""
    paths = base.records("train")
    files = tuple(
        PackedFile(name=path.name, images=6, bytes=path.stat().st_size, sha256=path.name)
        for path in paths
    )
    names = [f"label {number}" for number in range(LABELS)]
    dataset = packed_dataset(
        labels=names,
        image={"size": SIDE},
        train=train,
        files=PackedFiles(train=files),
        positives={name: BySide(train=5, validation=1) for name in names},
    )
    (base.root / "input/data/dataset/dataset.json").write_bytes(encode(dataset))


def test_what_dataset_json_tells_of_the_files_is_not_counted(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(base, 12)
    streamed = read_channels(base, asked(shuffle_buffer="5"), 1)
    assert (len(streamed.training), streamed.training.counts) == (12, None)
    found = training_set(streamed, asked(), ALONE)
    assert (found.counts.images, found.counts.positives.tolist()) == (12, [5, 5, 5])
    with base.records("train")[1].open("ab") as file:
        file.write(frame(payload(12)))  # so that it is not the file that was told of
    counted = read_channels(base, asked(shuffle_buffer="5"), 1).training
    assert (len(counted), counted.counts and counted.counts.images) == (13, 13)


def test_of_several_machines_all_are_told_or_all_count(base: Base) -> None:
    say(base, S3DistributionType="ShardedByS3Key")
    tell(base, 19)
    found = read_channels(base, asked(shuffle_buffer="5"), 2)
    assert found.whole
    told = channels._Told(7, None, found.whole, "", "")
    both = together(found, told)
    assert (both.counts.images, both.machines) == (19, (12, 7))
    for one in (other(), channels._Told(8, None, found.whole, "", "")):
        with pytest.raises(JobRefused, match="are not those that dataset"):
            together(found, one)
    held = replace(read_channels(base, asked(), 2), whole=found.whole)
    assert together(held, told).counts.positives.tolist() == [5, 5, 5]
    assert together(held, other()).counts.positives.tolist() != [5, 5, 5]
