"""The built-in algorithm, emulated: hyperparameters and channels, taken or refused by name."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagline.formats.recordio import RecordWriter, pack_record, read_records, unpack_record
from trainer.builtin import channels
from trainer.builtin.telling import accuracy, accuracy_of_classes
from trainer.builtin.translating import read, translated, without_effect
from trainer.contract import Base, JobRefused
from trainer.hyperparameters import parse
from trainer.pixels import decode, jpeg

NOTEBOOK = {  # as the source system's notebook of 334 labels sets them
    "num_classes": "334",
    "num_training_samples": "116945",
    "multi_label": "1",
    "use_weighted_loss": "1",
    "image_shape": "3,96,96",
    "augmentation_type": "crop_color_transform",
    "mini_batch_size": "256",
    "optimizer": "adam",
    "learning_rate": "0.001",
    "epochs": "5",
}
WANTED = channels.Wanted(labels=3, multi_label=True, side=16)
LEAST = {"num_classes": "3", "num_training_samples": "9", "multi_label": "1"}


def test_a_notebooks_hyperparameters_mean_the_same_to_our_trainer() -> None:
    asked = parse(translated(NOTEBOOK, read(NOTEBOOK)))
    assert (asked.num_classes, asked.side, asked.epochs) == (334, 96, 5)
    assert (asked.mini_batch_size, asked.optimizer, asked.learning_rate) == (256, "adam", 0.001)
    assert (asked.augmentation_type, asked.loss) == ("crop_color_transform", "weighted")
    assert (asked.network, asked.start_from, asked.early_stopping_patience) == ("small", "none", 0)


def test_what_is_left_out_takes_the_algorithms_defaults() -> None:
    asked = parse(translated(LEAST, read(LEAST)))
    assert (asked.epochs, asked.mini_batch_size, asked.optimizer) == (30, 32, "sgd")
    assert (asked.learning_rate, asked.weight_decay) == (0.1, 0.0001)
    assert (asked.augmentation_type, asked.loss, asked.side) == ("none", "bce", 224)


def test_a_trial_stays_one() -> None:
    given = LEAST | {"_tuning_objective_metric": "validation:accuracy", "early_stopping": "True"}
    found = translated(given, read(given))
    assert found["_tuning_objective_metric"] == "validation:accuracy"
    assert found["early_stopping_patience"] == "5"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"use_pretrained_model": "1"}, "use_pretrained_model=1 cannot be emulated"),
        ({"num_layer": "18"}, "the built-in algorithm has no hyperparameter 'num_layer'"),
        ({"learning_rate": "3"}, "learning_rate is '3'; for the built-in algorithm it must be"),
        ({"use_weighted_loss": "1", "multi_label": "0"}, "use_weighted_loss=1 needs multi_label=1"),
    ],
)
def test_refused_by_name(more: dict[str, str], words: str) -> None:
    with pytest.raises(JobRefused) as refused:
        read(LEAST | more)
    assert words in str(refused.value)


def test_required_ones_are_missed() -> None:
    with pytest.raises(JobRefused, match=r"num_classes is missing.*num_training_samples is"):
        read({})


def test_what_does_nothing_here_is_told() -> None:
    assert without_effect(LEAST | {"momentum": "0.8", "top_k": "5"}) == ["momentum=0.8", "top_k=5"]


def job(
    base: Path,
    side: tuple[int, int] = (40, 48),
    labels: tuple[int, ...] = (0, 1, 0),
    **config: Any,
) -> Base:
    """Lay out a job of one record a channel; `config` changes the channels' description."""
    image = np.zeros((*side, 3), np.uint8)
    image[side[0] // 2 - 8 : side[0] // 2 + 8, side[1] // 2 - 8 : side[1] // 2 + 8] = 255
    for name in ("train", "validation"):
        path = base / "input/data" / name / f"{name}.rec"
        path.parent.mkdir(parents=True)
        with path.open("wb") as stream:
            RecordWriter(stream).write(pack_record(7, labels, jpeg(image)))
    described = {
        name: {"ContentType": "application/x-recordio", "TrainingInputMode": "File"}
        for name in ("train", "validation")
    } | config
    path = base / "input/config/inputdataconfig.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(described))
    return Base(base)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"train": {"TrainingInputMode": "Pipe"}}, "channel 'train': Pipe mode is not emulated"),
        ({"train": {"RecordWrapperType": "RecordIO"}}, "an augmented manifest, with RecordWrapper"),
        ({"train": {"ContentType": "application/x-image"}}, "application/x-image is not emulated"),
        (
            {"train": {"ContentType": "application/x-recordio; label-format=class-id"}},
            "whose labels are multi-hot",
        ),
        ({"train_lst": {}}, "channel 'train_lst' is not emulated: it takes train and validation"),
        ({"model": {}}, "channel 'model' is not emulated"),
    ],
)
def test_channels_refused_by_name(tmp_path: Path, config: Any, words: str) -> None:
    with pytest.raises(JobRefused) as refused:
        channels.check(job(tmp_path, **config))
    assert words in str(refused.value)


def test_a_channel_is_missed(tmp_path: Path) -> None:
    base = job(tmp_path)
    path = tmp_path / "input/config/inputdataconfig.json"
    path.write_text(json.dumps({"train": {}}))
    with pytest.raises(JobRefused, match="channel 'validation' is missing"):
        channels.check(base)


def test_larger_images_are_cropped_about_their_centre(tmp_path: Path) -> None:
    base, ours = job(tmp_path), Base(tmp_path / "ours")
    channels.check(base)
    assert channels.lay_out(base, ours, WANTED) == (1, 1)
    with (ours.root / "input/data/train/train.rec").open("rb") as stream:
        record = unpack_record(next(read_records(stream)))
    assert (record.identifier, list(record.labels)) == (7, [0, 1, 0])
    image = decode(record.image)
    assert image.shape == (16, 16, 3)
    assert image.min() > 200
    described = json.loads((ours.root / "input/data/dataset/dataset.json").read_text())
    assert described["labels"] == ["label_001", "label_002", "label_003"]


def test_a_class_becomes_a_label_vector(tmp_path: Path) -> None:
    base, ours = job(tmp_path, labels=(2,)), Base(tmp_path / "ours")
    channels.lay_out(base, ours, replace(WANTED, multi_label=False))
    with (ours.root / "input/data/train/train.rec").open("rb") as stream:
        assert list(unpack_record(next(read_records(stream))).labels) == [0, 0, 1]


@pytest.mark.parametrize("labels", [(3,), (0, 1, 0)])
def test_what_is_no_class_is_refused(tmp_path: Path, labels: tuple[int, ...]) -> None:
    base = job(tmp_path, labels=labels)
    with pytest.raises(JobRefused, match=r"record 7 has the labels .* a class from 0 to 2"):
        channels.lay_out(base, Base(tmp_path / "ours"), replace(WANTED, multi_label=False))


def test_resize_comes_before_cropping(tmp_path: Path) -> None:
    base, ours = job(tmp_path), Base(tmp_path / "ours")
    channels.lay_out(base, ours, replace(WANTED, resize=20))
    with (ours.root / "input/data/train/train.rec").open("rb") as stream:
        image = decode(unpack_record(next(read_records(stream))).image)
    assert image.shape == (16, 16, 3)
    assert image[0, 0].max() < 60
    assert image[8, 8].min() > 200


def test_a_smaller_image_is_refused_by_its_record(tmp_path: Path) -> None:
    base = job(tmp_path, side=(40, 31))
    with pytest.raises(JobRefused, match=r"train\.rec: record 7 is 31x40 pixels, smaller than the"):
        channels.lay_out(base, Base(tmp_path / "ours"), replace(WANTED, side=32))


def test_several_files_of_a_channel_are_taken_in_order_and_none_is_refused(tmp_path: Path) -> None:
    base, folder = job(tmp_path), tmp_path / "input/data/train"
    first = next(folder.iterdir())
    first.rename(folder / "train-00000.rec")
    (folder / "train-00001.rec").write_bytes((folder / "train-00000.rec").read_bytes())
    assert channels.lay_out(base, Base(tmp_path / "ours"), WANTED) == (2, 1)
    for path in folder.iterdir():
        path.rename(path.with_suffix(".lst"))
    with pytest.raises(
        JobRefused, match=r"'train' must hold \.rec files, and it holds train-00000"
    ):
        channels.lay_out(base, Base(tmp_path / "others"), WANTED)


def test_accuracy_is_a_mean_over_images_and_labels() -> None:
    scores = np.array([[0.9, 0.2, 0.5], [0.4, 0.6, 0.1]], np.float32)
    labels = np.array([[1, 0, 0], [0, 1, 1]], np.uint8)
    assert accuracy(scores, labels) == pytest.approx(4 / 6)


def test_accuracy_of_classes_is_a_share_of_images() -> None:
    scores = np.array([[0.9, 0.2, 0.5], [0.4, 0.6, 0.1]], np.float32)
    labels = np.array([[1, 0, 0], [0, 0, 1]], np.uint8)
    assert accuracy_of_classes(scores, labels) == 0.5
