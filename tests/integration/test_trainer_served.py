"""A model of the built-in algorithm is converted, and answers as MXNet's own module does."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from tests.integration.trainer_jobs import LABELS, SIDE, onnx_scores, python

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
from trainer.served import make_served
for folder in map(Path, sys.argv[3:]):
    files = folder / "image-classification-symbol.json", folder / "image-classification-0007.params"
    try:
        own = convert(*files, np.load(sys.argv[1]), int(sys.argv[2]), folder / "model.onnx")
        np.save(folder / "own.npy", own)
    except JobRefused as exc:
        (folder / "refused").write_text(str(exc))
base = Path(sys.argv[1]).parent
try:
    make_served(base / "model.tar.gz", None, None, "", base)
except JobRefused as exc:
    (base / "refused").write_text(str(exc))
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
    with tarfile.open(base / "model.tar.gz", "w:gz") as tar:  # one of ours
        tar.add(images, "model.onnx")
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


def test_an_archive_of_another_kind_is_refused_by_name(networks: Path) -> None:
    assert "is no model of the built-in algorithm: it wants image-classification-symbol.json" in (
        (networks / "refused").read_text()
    )
