import json
from pathlib import Path
from typing import Any

import pytest

from tagline.formats.document import encode
from tagline.formats.models import ModelDescription
from tagline.formats.packed import PackedDataset
from tests.unit.run_documents import metrics, packed_dataset
from trainer.contract import Base, JobRefused, guarded, read_document, read_json


def test_a_refusal_is_told_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise JobRefused("num_classes is 3, but dataset.json names 4 labels")

    failure = Base(tmp_path).training_failure
    assert guarded(work, failure) == 1
    assert failure.read_text() == "num_classes is 3, but dataset.json names 4 labels"
    assert capsys.readouterr().err == "num_classes is 3, but dataset.json names 4 labels\n"


def test_an_error_nobody_foresaw_names_its_kind_and_is_traced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        raise KeyError("x" * 2000)

    failure = Base(tmp_path).processing_message
    assert guarded(work, failure) == 1
    assert failure.read_text().startswith("KeyError: 'xxx")
    assert len(failure.read_text()) == 1024
    assert "Traceback" in capsys.readouterr().err


def test_done_leaves_no_failure(tmp_path: Path) -> None:
    failure = Base(tmp_path).training_failure
    assert guarded(lambda: None, failure) == 0
    assert not failure.exists()


def test_the_base_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAGEMAKER_BASE_DIR", raising=False)
    assert Base.from_environment().model == Path("/opt/ml/model")
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", "/data/job")
    assert Base.from_environment().model == Path("/data/job/model")


def test_the_folders_are_those_that_sagemaker_mounts(tmp_path: Path) -> None:
    base = Base(tmp_path)
    assert base.hyperparameters == tmp_path / "input/config/hyperparameters.json"
    assert base.training_failure == tmp_path / "output/failure"
    assert base.processing_input("validation/val.rec") == (
        tmp_path / "processing/input/validation/val.rec"
    )
    assert base.processing_output == tmp_path / "processing/output"
    assert base.processing_message == tmp_path / "output/message"
    file = tmp_path / "input/data/train/train.rec"
    file.parent.mkdir(parents=True)
    file.touch()
    assert base.channel("train", "train.rec") == file


def test_a_failure_is_left_beside_another_that_is_there(tmp_path: Path) -> None:
    def work() -> None:
        raise JobRefused("no")

    failure = Base(tmp_path / "new" / "folder").training_failure
    assert guarded(work, failure) == 1
    assert guarded(work, failure) == 1
    assert failure.read_text() == "no"


def test_a_channel_without_its_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobRefused, match=r"channel 'train' has no file train\.rec"):
        Base(tmp_path).channel("train", "train.rec")


def test_a_json_object_is_read(tmp_path: Path) -> None:
    path = tmp_path / "hyperparameters.json"
    path.write_text('{"epochs": "3"}')
    assert read_json(path, "the job") == {"epochs": "3"}


@pytest.mark.parametrize(("text", "message"), [("{", "not valid JSON"), ("[]", "a JSON object")])
def test_unusable_json_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "dataset.json"
    path.write_text(text)
    with pytest.raises(JobRefused, match=f"dataset.json.*{message}"):
        read_json(path, "channel 'dataset'")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"labels": None}, "labels: Expected `array`, got `null`"),
        ({"labels": []}, "labels: Expected `array` of length >= 1"),
        ({"labels": ["a", 1]}, r"labels\[1\]: Expected `str`, got `int`"),
        ({"labels": "abc"}, "labels: Expected `array`, got `str`"),
        ({"image": {"size": "96"}}, "image.size: Expected `int`, got `str`"),
        ({"format": 2}, "is of format 2, and this version of Tagline reads 1 to 1"),
    ],
)
def test_a_document_s_fault_is_named(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps(json.loads(encode(packed_dataset())) | change))
    with pytest.raises(JobRefused, match=f"channel 'dataset': dataset.json.*{says}"):
        read_document(path, "channel 'dataset'", PackedDataset)


@pytest.mark.parametrize("key", ["labels", "image"])
def test_a_key_that_is_missing_is_named(tmp_path: Path, key: str) -> None:
    path = tmp_path / "dataset.json"
    whole = json.loads(encode(packed_dataset()))
    path.write_text(json.dumps({name: value for name, value in whole.items() if name != key}))
    with pytest.raises(JobRefused, match=f"missing required field `{key}`"):
        read_document(path, "channel 'dataset'", PackedDataset)


def test_what_an_older_version_wrote_is_read(tmp_path: Path) -> None:
    older = {"labels": ["red"], "image": {"size": 32, "mode": "crop", "background": "#102030"}}
    path = tmp_path / "model.json"
    path.write_text(json.dumps(older))
    read = read_document(path, "the model", ModelDescription)
    assert (read.run, read.labels, read.image.mode, read.network) == ("", ("red",), "crop", None)
    known = {"run": "designs-0123456789abcdef", "created": "2026-01-01T00:00:00+00:00"}
    path.write_text(json.dumps(older | known | {"best_epoch": 3, "mAP": 0.5, "unheard": {}}))
    assert read_document(path, "the model", ModelDescription).best_epoch == 3


def test_not_a_number_is_null_in_a_document() -> None:
    assert json.loads(encode(metrics(mAP=float("nan"))))["mAP"] is None
