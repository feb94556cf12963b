"""A model of the built-in algorithm: converted, compared with MXNet's own, judged, packed."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from tests.integration.trainer_jobs import (
    LABELS,
    RUN,
    SIDE,
    onnx_scores,
    processing_job,
    python,
    read_json,
    run,
    write,
)

pytestmark = pytest.mark.slow

KINDS = [
    *(("logistic", "float32"), ("logistic", "float16"), ("softmax", "float32")),
    *(("loss", "float32"), ("regression", "float32")),
]
CONVERTS = """
import sys
from pathlib import Path
import numpy as np
from trainer.contract import JobRefused
from trainer.mxnet_engine.converting import convert
for folder in map(Path, sys.argv[3:]):
    files = folder / "image-classification-symbol.json", folder / "image-classification-0007.params"
    try:
        own = convert(*files, np.load(sys.argv[1]), int(sys.argv[2]), folder / "model.onnx")
        np.save(folder / "own.npy", own)
    except JobRefused as exc:
        (folder / "refused").write_text(str(exc))
"""


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("networks")
    images = base / "images.npy"
    rng = np.random.default_rng(0)
    np.save(images, rng.integers(0, 256, (6, SIDE, SIDE, 3), np.uint8))
    asked = [str(base), str(images), str(len(LABELS)), *(word for kind in KINDS for word in kind)]
    made = python(base, "-m", "tests.integration.builtin_model", *asked)
    assert made.returncode == 0, made.stderr
    folders = [str(base / "-".join(kind)) for kind in KINDS]
    done = python(base, "-c", CONVERTS, str(images), str(len(LABELS)), *folders)
    assert done.returncode == 0, done.stderr
    return base


@pytest.mark.parametrize("kind", KINDS[:-1], ids="-".join)
def test_it_answers_as_mxnets_own_module_does(networks: Path, kind: tuple[str, str]) -> None:
    folder = networks / "-".join(kind)
    images = np.load(networks / "images.npy").transpose(0, 3, 1, 2).astype(np.float32)
    wanted = np.load(folder / "scores.npy")
    assert np.ptp(wanted) > 0.1
    assert np.abs(np.load(folder / "own.npy") - wanted).max() < 1e-6
    assert np.abs(onnx_scores(folder / "model.onnx", images) - wanted).max() < 1e-6


def test_a_network_that_answers_otherwise_is_refused_by_name(networks: Path) -> None:
    assert (networks / "regression-float32" / "refused").read_text() == (
        "the network answers by LinearRegressionOutput, and not with a score for each of 4 labels "
        "of 32x32 pixels"
    )


@pytest.fixture
def job(networks: Path, tmp_path: Path) -> Path:
    """An evaluation whose challenger is the algorithm's archive."""
    base = tmp_path / "job"
    write(base / "model/model.json", b"{}")
    processing_job(base, base)
    with tarfile.open(base / "processing/input/challenger/model.tar.gz", "w:gz") as tar:
        for path in (networks / "logistic-float16").iterdir():
            if path.name not in ("model.onnx", "scores.npy", "own.npy"):
                tar.add(path, f"./{path.name}")
    return base


def test_it_is_judged_and_packed_with_the_datasets_names(job: Path, tmp_path: Path) -> None:
    done = run("evaluate", job, TAGLINE_RUN=RUN, TAGLINE_CONVERTS="builtin")
    assert done.returncode == 0, done.stderr
    assert "image-classification-0007.params is made model.onnx: MXNet and ONNX Runtime" in (
        done.stdout
    )
    metrics = read_json(job / "processing/output/metrics.json")
    assert (metrics["run"], metrics["images"]) == (RUN, 40)
    with tarfile.open(job / "processing/served/model.tar.gz") as tar:
        assert sorted(tar.getnames()) == ["model.json", "model.onnx"]
        tar.extractall(tmp_path, filter="data")
    described = read_json(tmp_path / "model.json")
    assert described["labels"] == LABELS
    assert described["image"] == {"size": SIDE, "mode": "letterbox", "background": "#ffffff"}
    assert (described["run"], described["network"], described["best_epoch"]) == (
        RUN,
        "image-classification",
        7,
    )
    blank = np.zeros((1, 3, SIDE, SIDE), np.float32)
    assert onnx_scores(tmp_path / "model.onnx", blank).shape == (1, len(LABELS))


def test_an_archive_of_another_kind_is_refused_by_name(job: Path) -> None:
    with tarfile.open(job / "processing/input/challenger/model.tar.gz", "w:gz") as tar:
        write(job / "model.onnx", b"x")
        tar.add(job / "model.onnx", "model.onnx")
    done = run("evaluate", job, TAGLINE_RUN=RUN, TAGLINE_CONVERTS="builtin")
    assert done.returncode == 1
    assert "is no model of the built-in algorithm: it wants image-classification-symbol.json" in (
        (job / "output/message").read_text()
    )
