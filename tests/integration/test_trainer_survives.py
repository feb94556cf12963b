"""`python -m trainer train` ended at any moment and started again: what is lost."""

import hashlib
import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.integration.trainer_jobs import (
    processing_job,
    python,
    read_json,
    run,
    training_job,
    write_records,
)

pytestmark = pytest.mark.slow
MAIN = "import sys; from trainer.__main__ import main; sys.exit(main(['train']))"
KILL = "import os, signal; end = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
PROMISED = 30  # seconds after SIGTERM, of the 120 that SageMaker gives
# six steps an epoch
IN_AN_EPOCH = (
    f"{KILL}import trainer.fit; rate = trainer.fit.learning_rate\n"
    "trainer.fit.learning_rate = lambda *a: end() if a[1] == 15 else rate(*a)\n"
)
WHILE_A_CHECKPOINT_IS_WRITTEN = (
    f"{KILL}os.fsync = lambda _, seen=[]: end() if seen.append(0) or len(seen) == 3 else None\n"
)
WHILE_EXPORTING = f"{KILL}import trainer.mxnet_engine.export as x; x.to_onnx = end\n"


def digests(base: Path) -> dict[str, str]:
    """Return the SHA-256 of what was learned, in both forms."""
    files = ("model-0000.params", "model.onnx")
    return {
        name: hashlib.sha256((base / "model" / name).read_bytes()).hexdigest() for name in files
    }


def epochs(output: str) -> list[int]:
    return [int(n) for n in re.findall(r"^epoch=(\d+) .*seconds=", output, re.MULTILINE)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a training that nobody ended learns."""
    base = training_job(tmp_path_factory.mktemp("whole"))
    assert run("train", base).returncode == 0
    return digests(base)


@pytest.mark.parametrize(
    ("moment", "kept", "again"),
    [
        (IN_AN_EPOCH, 2, [3, 4]),
        (WHILE_A_CHECKPOINT_IS_WRITTEN, 2, [3, 4]),
        (WHILE_EXPORTING, 4, []),
    ],
    ids=["in an epoch", "while a checkpoint is written", "while exporting"],
)
def test_a_training_that_is_killed_loses_the_running_epoch_alone(
    tmp_path: Path, whole: dict[str, str], moment: str, kept: int, again: list[int]
) -> None:
    base = training_job(tmp_path)
    assert python(base, "-c", moment + MAIN).returncode == -signal.SIGKILL
    assert not (base / "model/model.json").exists()

    done = run("train", base)

    assert done.returncode == 0, done.stderr
    assert f"going on from the checkpoint of epoch {kept}\n" in done.stdout
    assert epochs(done.stdout) == again
    assert digests(base) == whole
    assert read_json(base / "model/model.json")["ended_early"] is None
    left = sorted(path.name for path in (base / "checkpoints").iterdir())
    assert left == ["epoch-00003.checkpoint", "epoch-00004.checkpoint"]


@pytest.mark.parametrize(
    "asked",
    [
        {"optimizer": "sgd", "learning_rate": "0.05", "use_weighted_loss": "1"},
        {"optimizer": "nag", "learning_rate": "0.05"},
        {
            "loss": "asymmetric",
            "label_smoothing": "0.1",
            "dropout": "0.3",
            "weight_averaging": "0.9",
            "augmentation_type": "geometric",
        },
        {
            "optimizer": "rmsprop",
            "learning_rate": "0.001",
            "network": "mobilenet_v2_0_5",
            "augmentation_type": "crop_color_transform",
        },
    ],
    ids=lambda asked: asked.get("optimizer", "averaged"),
)
def test_other_optimizers_go_on_exactly(tmp_path: Path, asked: dict[str, str]) -> None:
    asked = asked | {"epochs": "3"}
    base, other = (training_job(tmp_path / name, asked) for name in ("ended", "whole"))
    assert python(base, "-c", IN_AN_EPOCH + MAIN).returncode == -signal.SIGKILL
    for job in (base, other):
        done = run("train", job)
        assert done.returncode == 0, done.stderr
    assert digests(base) == digests(other)


# A weight that does not lie in a layout of oneDNN's, one step of nag, by the formula in float64
NAG = """
import mxnet as mx, numpy as np
from trainer.mxnet_engine.optimizers import optimizer
rng = np.random.default_rng(1)
w, g, m = (rng.normal(0, 1, 500) for _ in range(3))
weight, gradient, state = (mx.nd.array(values) for values in (w, g, m))
nag = optimizer("nag", 0.01)
nag.set_learning_rate(0.1)
nag.update_multi_precision(0, weight, gradient, state)
pull = 0.1 * (g + 0.01 * w)
after = 0.9 * m - pull
np.testing.assert_allclose(state.asnumpy(), after, atol=1e-6)
np.testing.assert_allclose(weight.asnumpy(), w + 0.9 * after - pull, atol=1e-6)
"""


def test_nag_decays_by_the_weight_before_the_step(tmp_path: Path) -> None:
    """MXNet's own does so by luck alone."""
    done = python(tmp_path, "-c", NAG)
    assert done.returncode == 0, done.stderr


def on_sigterm(step: int) -> str:
    return (
        "import os, signal, trainer.fit; rate = trainer.fit.learning_rate\n"
        f"trainer.fit.learning_rate = lambda *a: (a[1] == {step} and "
        "os.kill(os.getpid(), signal.SIGTERM), rate(*a))[1]\n"
    )


def test_sigterm_leaves_the_best_epoch_so_far_and_says_so(
    tmp_path: Path, whole: dict[str, str]
) -> None:
    base = training_job(tmp_path)
    done = python(base, "-c", on_sigterm(15) + MAIN)
    assert done.returncode == 143, done.stderr
    assert "SIGTERM ended training after 2 of 4 epochs\n" in done.stdout
    saved = re.search(r"^all is saved ([\d.]+) s after SIGTERM$", done.stdout, re.MULTILINE)
    assert saved
    assert float(saved[1]) <= PROMISED
    described = read_json(base / "model/model.json")
    assert described["ended_early"] == "SIGTERM ended training after 2 of 4 epochs"
    assert described["best_epoch"] in (1, 2)
    assert done.stdout.splitlines()[-1].startswith(f"epoch={described['best_epoch']} ")

    judged = processing_job(tmp_path / "judged", base)
    assert run("evaluate", judged).returncode == 0
    output = judged / "processing/output"
    assert read_json(output / "metrics.json")["ended_early"] == described["ended_early"]
    assert described["ended_early"] in (output / "report.html").read_text()
    assert described["ended_early"] in read_json(output / "model_card.json")["limits"][0]

    again = run("train", base)

    assert again.returncode == 0, again.stderr
    assert epochs(again.stdout) == [3, 4]
    assert digests(base) == whole


def test_sigterm_in_the_first_epoch_leaves_no_model(tmp_path: Path) -> None:
    base = training_job(tmp_path)
    done = python(base, "-c", on_sigterm(3) + MAIN)
    assert done.returncode == 143, done.stderr
    assert "SIGTERM ended training after 0 of 4 epochs, none of which left a model" in done.stdout
    assert not (base / "model").exists()
    assert not (base / "output/failure").exists()


def hours_pass(step: int) -> str:
    return (
        "import time, trainer.fit, trainer.watch; rate = trainer.fit.learning_rate; late = []\n"
        "now = time.monotonic; trainer.watch.time.monotonic = lambda: now() + 3600 * len(late)\n"
        f"trainer.fit.learning_rate = lambda *a: (a[1] == {step} and late.append(1), rate(*a))[1]\n"
    )


def test_before_max_runtime_is_over_the_best_epoch_is_exported(tmp_path: Path) -> None:
    base = training_job(tmp_path, {"max_runtime": "3600"})
    done = python(base, "-c", hours_pass(15) + MAIN)
    assert done.returncode == 0, done.stderr
    told = "max_runtime ended training after 2 of 4 epochs"
    assert read_json(base / "model/model.json")["ended_early"] == told
    assert epochs(done.stdout) == [1, 2]


def test_time_that_is_over_in_the_first_epoch_fails_by_name(tmp_path: Path) -> None:
    base = training_job(tmp_path, {"max_runtime": "3600"})
    assert python(base, "-c", hours_pass(3) + MAIN).returncode == 1
    told = (base / "output/failure").read_text()
    assert told.startswith("max_runtime ended training after 0 of 4 epochs, none of which left")


@pytest.fixture(scope="module")
def unexported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job of which nothing but the export is left to do."""
    base = training_job(tmp_path_factory.mktemp("unexported"))
    assert python(base, "-c", WHILE_EXPORTING + MAIN).returncode == -signal.SIGKILL
    return base


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_taken(
    tmp_path: Path, unexported: Path, whole: dict[str, str]
) -> None:
    base = shutil.copytree(unexported, tmp_path / "job")
    path = base / "checkpoints/epoch-00004.checkpoint"
    path.write_bytes(path.read_bytes()[:-1000])
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    assert "checkpoint epoch-00004.checkpoint is not used: it is damaged" in done.stdout
    assert epochs(done.stdout) == [4]
    assert digests(base) == whole


def test_a_checkpoint_of_another_training_is_named_and_left(
    tmp_path: Path, unexported: Path
) -> None:
    base = training_job(
        shutil.copytree(unexported, tmp_path / "job"), {"epochs": "1", "learning_rate": "0.003"}
    )
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    told = "checkpoint epoch-00004.checkpoint is not used: it is of other hyperparameters or data"
    assert told in done.stdout
    assert epochs(done.stdout) == [1]


def test_other_images_are_another_training(tmp_path: Path, unexported: Path) -> None:
    base = shutil.copytree(unexported, tmp_path / "job")
    write_records(base / "input/data/train/train.rec", 96, seed=9)
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    assert "is not used: it is of other hyperparameters or data" in done.stdout
    assert epochs(done.stdout) == [1, 2, 3, 4]


def test_trials_of_a_search_share_no_checkpoint(tmp_path: Path) -> None:
    base = training_job(tmp_path, {"epochs": "1"})
    for name in ("tune-001-aa", "tune-002-bb"):
        done = run("train", base, TRAINING_JOB_NAME=name)
        assert done.returncode == 0, done.stderr
        assert epochs(done.stdout) == [1]
    left = {path.name for path in (base / "checkpoints").iterdir()}
    assert left == {"tune-001-aa", "tune-002-bb"}


def test_another_job_of_the_run_goes_on_with_what_the_first_one_left(
    tmp_path: Path, whole: dict[str, str]
) -> None:
    """The run's own folder is handed to each of its jobs, and tells whether it is the same work."""
    base = training_job(tmp_path, {"max_runtime": "3600"})
    hyperparameters = base / "input/config/hyperparameters.json"
    text = hyperparameters.read_text()
    hyperparameters.write_text(text.replace('"_tuning_objective_metric"', '"_other"'))
    first = python(base, "-c", IN_AN_EPOCH + MAIN, TRAINING_JOB_NAME="demo-train-0")
    assert first.returncode == -signal.SIGKILL
    hyperparameters.write_text(hyperparameters.read_text().replace('"3600"', '"7200"'))
    done = run("train", base, TRAINING_JOB_NAME="demo-train-1")
    assert done.returncode == 0, done.stderr
    assert epochs(done.stdout) == [3, 4]
    assert digests(base) == whole


def test_a_folder_that_cannot_be_written_costs_the_checkpoints_alone(
    tmp_path: Path, whole: dict[str, str]
) -> None:
    base = training_job(tmp_path)
    (base / "checkpoints").write_text("in the way")
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    assert "checkpoint epoch-00001.checkpoint could not be written" in done.stdout
    assert digests(base) == whole
