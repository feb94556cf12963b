"""`python -m trainer train` under SageMaker's contract: logs, model files, refusals."""

import base64
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagline.jobs.training import METRICS
from tests.integration.trainer_jobs import (
    LABELS,
    RUN,
    SIDE,
    cut,
    onnx_scores,
    processing_job,
    python,
    read_json,
    run,
    training_job,
    write,
    write_records,
)

pytestmark = pytest.mark.slow
EPOCH = re.compile(
    r"^epoch=(\d+) train:loss=(\d+\.\d{6}) validation:mAP=(0\.\d{6}|1\.000000) "
    r"validation:micro_ap=\d\.\d{6} seconds=\d+\.\d$",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    base = training_job(tmp_path_factory.mktemp("train"), {"num_training_samples": "96"})
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    return base, done.stdout


def test_each_epoch_prints_the_line_that_metrics_are_read_from(trained: tuple[Path, str]) -> None:
    epochs = EPOCH.findall(trained[1])
    assert [epoch for epoch, _, _ in epochs] == ["1", "2", "3", "4"]
    assert float(epochs[-1][1]) < float(epochs[0][1])


def test_the_model_folder_holds_what_serving_needs(trained: tuple[Path, str]) -> None:
    model = trained[0] / "model"
    assert {path.name for path in model.iterdir()} == {
        "model-symbol.json",
        "model-0000.params",
        "model.onnx",
        "model.json",
        "weights.npz",
    }
    described = read_json(model / "model.json")
    assert described["labels"] == LABELS
    assert described["format"] == 1
    assert described["image"] == {"size": SIDE, "mode": "letterbox", "background": "#ffffff"}
    assert described["run"] == RUN
    assert described["network"] == "small"
    assert set(described["versions"]) == {"mxnet", "numpy", "onnx", "onnxruntime"}
    maps = [float(value) for _, _, value in EPOCH.findall(trained[1])]
    best = len(maps) - maps[::-1].index(max(maps))  # of equals the last
    assert described["best_epoch"] == best
    assert described["mAP"] == pytest.approx(max(maps), abs=0.005)
    loss = EPOCH.findall(trained[1])[best - 1][1]
    last = trained[1].splitlines()[-1]
    assert last.startswith(
        f"epoch={best} train:loss={loss} validation:mAP={described['mAP']:.6f} validation:micro_ap="
    )
    assert last.endswith(" exported")


def test_the_last_value_of_each_metric_is_the_exported_epochs(trained: tuple[Path, str]) -> None:
    """SageMaker keeps those, and ranks the trials of a search by them."""
    described = read_json(trained[0] / "model/model.json")
    last = {metric.name: re.findall(metric.regex, trained[1])[-1] for metric in METRICS}
    assert int(last["epoch"]) == described["best_epoch"]
    assert float(last["validation:mAP"]) == pytest.approx(described["mAP"], abs=1e-6)
    assert last["train:loss"] == EPOCH.findall(trained[1])[described["best_epoch"] - 1][1]


def test_the_onnx_model_takes_any_batch_and_answers_scores(trained: tuple[Path, str]) -> None:
    for batch in (1, 5):
        data = np.full((batch, 3, SIDE, SIDE), 255, np.float32)
        scores = onnx_scores(trained[0] / "model/model.onnx", data)
        assert scores.shape == (batch, len(LABELS))
        assert ((scores >= 0) & (scores <= 1)).all()


def test_nothing_is_left_behind_for_telemetry(trained: tuple[Path, str]) -> None:
    assert {path.name for path in trained[0].iterdir()} == {"checkpoints", "input", "model"}


def test_several_files_are_learned_from_as_the_one_they_would_be(
    trained: tuple[Path, str], tmp_path: Path
) -> None:
    base = training_job(tmp_path, {"num_training_samples": "96"})
    cut(base / "input/data/train/train.rec", 40, 1, 55)
    cut(base / "input/data/validation/val.rec", 3, 37)
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    for name in ("weights.npz", "model.onnx", "model-0000.params"):
        ours, theirs = (folder / "model" / name for folder in (base, trained[0]))
        assert ours.read_bytes() == theirs.read_bytes()


def test_the_same_seed_learns_the_same(trained: tuple[Path, str], tmp_path: Path) -> None:
    again = run("train", training_job(tmp_path, {"num_training_samples": "96"}))
    timeless = [re.sub(r" seconds=.*", "", out) for out in (trained[1], again.stdout)]
    assert timeless[0] == timeless[1]


def test_early_stopping_says_so_and_goes_no_further_when_started_again(tmp_path: Path) -> None:
    """With so small a rate the first epoch stays the best, or the second."""
    asked = {"epochs": "9", "learning_rate": "1e-7", "early_stopping_patience": "1"}
    base = training_job(tmp_path, asked)
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    told = r"early stopping ended training after (\d) of 9 epochs: the last 1 were no better"
    found = re.search(f"^{told}$", done.stdout, re.MULTILINE)
    assert found
    described = read_json(base / "model/model.json")
    assert described["ended_early"] == found[0]
    assert described["best_epoch"] in (int(found[1]) - 1, int(found[1]))  # of equals the last
    again = run("train", base)
    assert EPOCH.findall(again.stdout) == []
    assert read_json(base / "model/model.json")["best_epoch"] == described["best_epoch"]


@pytest.fixture(scope="module")
def averaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    asked = {"weight_averaging": "0.9", "label_smoothing": "0.1", "loss": "asymmetric"}
    base = training_job(tmp_path_factory.mktemp("views"), asked | {"epochs": "2", "views": "4"})
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    return base, done.stdout


def test_the_exported_model_averages_its_shifted_views(averaged: tuple[Path, str]) -> None:
    """As many that see one view each, of the same weights, would on average."""
    base, _ = averaged
    viewed = (base / "model/model.onnx").rename(base / "viewed.onnx")
    given = read_json(base / "input/config/hyperparameters.json") | {"views": "1"}
    write(base / "input/config/hyperparameters.json", json.dumps(given).encode())
    again = run("train", base)
    assert EPOCH.findall(again.stdout) == [], "it goes on from the checkpoint"
    noise = np.random.default_rng(1).integers(0, 256, (3, 3, SIDE, SIDE)).astype(np.float32)
    padded = np.pad(noise, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    views = [padded[:, :, y : y + SIDE, x : x + SIDE] for y in (0, 2) for x in (0, 2)]
    each = [onnx_scores(base / "model/model.onnx", view) for view in views]
    found = onnx_scores(viewed, noise)
    np.testing.assert_allclose(found, np.mean(each, axis=0), atol=1e-5)
    assert np.abs(found - each[0]).max() > 1e-4


def test_the_averaged_weights_are_judged_and_handed_on(averaged: tuple[Path, str]) -> None:
    base, output = averaged
    maps = [float(value) for _, _, value in EPOCH.findall(output)]
    described = read_json(base / "model/model.json")
    assert described["hyperparameters"]["weight_averaging"] == "0.9"
    assert described["mAP"] == pytest.approx(max(maps), abs=0.05)


@pytest.mark.parametrize("side", [32, 512])
def test_images_from_32_to_512_pixels_are_learned(tmp_path: Path, side: int) -> None:
    base = training_job(tmp_path, {"epochs": "1"}, side=side)
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    white = np.full((1, 3, side, side), 255, np.float32)
    assert onnx_scores(base / "model/model.onnx", white).shape == (1, len(LABELS))


def test_images_packed_at_more_are_scaled_down_and_the_model_says_so(tmp_path: Path) -> None:
    base = training_job(tmp_path / "small", {"image_shape": "3,16,16", "epochs": "2"})
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    description = read_json(base / "model/model.json")
    assert description["image"]["size"] == 16
    assert description["hyperparameters"]["image_shape"] == "3,16,16"
    scores = onnx_scores(base / "model/model.onnx", np.zeros((2, 3, 16, 16), np.float32))
    assert scores.shape == (2, len(LABELS))

    judging = processing_job(tmp_path / "judge", base)  # of images that are packed at 32
    done = run("evaluate", judging, TAGLINE_RUN=RUN)
    assert done.returncode == 0, done.stderr
    output = judging / "processing/output"
    assert read_json(output / "metrics.json")["mAP"] == pytest.approx(description["mAP"], abs=1e-5)
    smoke = read_json(output / "smoke.json")["images"]
    for shown in smoke:  # as the server sees it: nothing is left to scale
        picture = Image.open(io.BytesIO(base64.b64decode(shown["body"])))
        assert (shown["content_type"], picture.size) == ("image/png", (16, 16))
        pixels = np.asarray(picture, np.float32).transpose(2, 0, 1)[None]
        answered = onnx_scores(base / "model/model.onnx", pixels)[0]
        assert answered == pytest.approx(shown["scores"], abs=1e-4)


@pytest.mark.parametrize("network", ["resnet18_v1", "mobilenet_v2_0_5"])
def test_other_networks_and_optimizers_train_and_export(tmp_path: Path, network: str) -> None:
    optimizer = {"resnet18_v1": "rmsprop", "mobilenet_v2_0_5": "nag"}[network]
    base = training_job(
        tmp_path,
        {
            "network": network,
            "optimizer": optimizer,
            "epochs": "1",
            "learning_rate": "0.0005",
            "use_weighted_loss": "1",
            "augmentation_type": "crop_color_transform",
        },
    )
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    assert read_json(base / "model/model.json")["network"] == network


def failure(base: Path) -> str:
    done = run("train", base)
    assert done.returncode == 1
    text = (base / "output/failure").read_text()
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert not (base / "model/model.json").exists()
    return text


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"learning_rate": "fast"}, "hyperparameter learning_rate is 'fast'; it must be a number"),
        ({"num_classes": "5"}, "num_classes is 5, but dataset.json names 4 labels"),
        ({"image_shape": "3,48,48"}, "asks for 48x48 pixels, but the images are packed at 32x32"),
        ({"mini_batch_size": "97"}, "mini_batch_size is 97, but train.rec holds only 96 images"),
        ({"num_training_samples": "95"}, "num_training_samples is 95, but train.rec holds 96"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    tmp_path: Path, asked: dict[str, str], message: str
) -> None:
    assert message in failure(training_job(tmp_path, asked))


def test_a_loss_that_is_no_number_ends_the_job(tmp_path: Path) -> None:
    # no rate that is taken makes this network diverge, so the schedule has to
    broken = (
        "import sys, trainer.fit; trainer.fit.learning_rate = lambda *_: 1e30; "
        "from trainer.__main__ import main; sys.exit(main(['train']))"
    )
    base = training_job(tmp_path)
    assert python(base, "-c", broken).returncode == 1
    told = (base / "output/failure").read_text()
    assert re.match(r"training diverged in epoch 1: .*try a learning_rate below 0\.004$", told)


def test_a_rate_that_saturates_the_scores_ends_the_job(tmp_path: Path) -> None:
    told = failure(training_job(tmp_path, {"learning_rate": "1", "epochs": "2"}))
    assert re.match(
        r"training diverged in epoch 2: the model is (constant|saturated): .*; "
        r"try a learning_rate below 1$",
        told,
    )


def test_an_epoch_that_is_saturated_is_not_the_one_that_is_kept(tmp_path: Path) -> None:
    # six steps an epoch: the rate explodes in the third
    shaped = (
        "import sys, trainer.fit; trainer.fit.learning_rate = "
        "lambda peak, step, steps: peak if step < 12 else 1.0; "
        "from trainer.__main__ import main; sys.exit(main(['train']))"
    )
    base = training_job(tmp_path, {"epochs": "3"})
    done = python(base, "-c", shaped)
    assert done.returncode == 0, done.stderr
    kept = [f"epoch {epoch} is not kept: the model is " in done.stdout for epoch in (1, 2, 3)]
    assert kept == [False, False, True]


def test_parameters_that_are_no_numbers_end_the_job(tmp_path: Path) -> None:
    broken = (
        "import sys; from trainer.mxnet_engine.learner import MXNetLearner as L; "
        "before = L.weights; "
        "L.weights = lambda self: {k: v * float('inf') for k, v in before(self).items()}; "
        "from trainer.__main__ import main; sys.exit(main(['train']))"
    )
    base = training_job(tmp_path)
    assert python(base, "-c", broken).returncode == 1
    told = (base / "output/failure").read_text()
    assert told.startswith("training diverged in epoch 1: the network's parameters are not numbers")


def test_records_that_do_not_fit_the_labels_are_named(tmp_path: Path) -> None:
    base = training_job(tmp_path, {"num_classes": "2"}, labels=["one", "two"])
    assert failure(base).startswith("train.rec: record 0 has 4 labels, but 2 are expected")


def test_damaged_and_missing_channels_are_named(tmp_path: Path) -> None:
    base = training_job(tmp_path)
    records = base / "input/data/validation/val.rec"
    records.write_bytes(records.read_bytes()[:-40])
    assert failure(base).startswith("val.rec: the record at byte ")
    records.write_bytes(b"")
    assert failure(base) == "val.rec holds no records"
    shutil.rmtree(records.parent)
    assert failure(base).startswith("channel 'validation' has no file val.rec")


def test_validation_without_a_label_is_refused(tmp_path: Path) -> None:
    base = training_job(tmp_path)
    write_records(base / "input/data/validation/val.rec", 3, seed=0, chance=0)
    assert "no validation image carries any label" in failure(base)


def test_a_dataset_without_names_is_refused(tmp_path: Path) -> None:
    base = training_job(tmp_path)
    path = base / "input/data/dataset/dataset.json"
    write(path, json.dumps(read_json(path) | {"labels": "red"}).encode())
    assert failure(base) == ("channel 'dataset': dataset.json: labels: Expected `array`, got `str`")
