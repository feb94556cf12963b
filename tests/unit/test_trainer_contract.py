import json
from pathlib import Path

import pytest

from trainer.contract import Base, Refused, dataset_labels, guarded, read_json, write_json


def test_a_refusal_is_told_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise Refused("num_classes is 3, but dataset.json names 4 labels")

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


def test_a_channel_without_its_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"channel 'train' has no file train\.rec"):
        Base(tmp_path).channel("train", "train.rec")


@pytest.mark.parametrize(("text", "message"), [("{", "not valid JSON"), ("[]", "a JSON object")])
def test_unusable_json_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "dataset.json"
    path.write_text(text)
    with pytest.raises(Refused, match=f"dataset.json.*{message}"):
        read_json(path, "channel 'dataset'")


def test_not_a_number_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"mAP": float("nan")})
    write_json(tmp_path / "x.json", {"mAP": None})
    assert json.loads((tmp_path / "x.json").read_text()) == {"mAP": None}


@pytest.mark.parametrize("labels", [None, [], ["a", 1], "abc"])
def test_labels_must_be_names(labels: object) -> None:
    with pytest.raises(Refused, match="`labels` must be a list"):
        dataset_labels({"labels": labels})
