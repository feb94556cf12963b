"""`python -m trainer train` begun from weights: a user's file, the champion."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from tagline.formats.settings import Network
from tagline.planning.weights import TELLING
from tests.integration.trainer_jobs import python, read_json, run, training_job
from trainer.weight_files import write_weights

pytestmark = pytest.mark.slow
URI = "s3://models/mine/{}"


def weights(base: Path, name: str = "model/weights.npz") -> dict[str, NDArray[np.float32]]:
    with np.load(base / name, allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = training_job(tmp_path_factory.mktemp("first"), {"epochs": "1"})
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    assert "starts from none\n" in done.stdout
    return base


def begun(base: Path, start_from: str, first: Path, name: str) -> Path:
    """Lay a job out that starts from a file of the first one's; a rate that learns nothing."""
    training_job(base, {"epochs": "1", "learning_rate": "0.0000001", "start_from": start_from})
    channel = base / "input/data/start"
    channel.mkdir()
    if name == "model.tar.gz":
        with tarfile.open(channel / name, "w:gz") as tar:
            tar.add(first / "model", ".")
    else:
        (channel / name).write_bytes((first / "model" / name).read_bytes())
    return base


def test_a_champion_goes_on_where_it_was(tmp_path: Path, first: Path) -> None:
    base = begun(tmp_path, "champion", first, "model.tar.gz")
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    described = read_json(base / "model/model.json")["start"]
    archive = (base / "input/data/start/model.tar.gz").read_bytes()
    assert described["kind"] == "champion"
    assert described["run"] == read_json(first / "model/model.json")["run"]
    assert described["sha256"] == hashlib.sha256(archive).hexdigest()
    before, after = weights(first), weights(base)
    assert list(before) == list(after)
    for name, array in before.items():
        if "running" not in name:
            assert after[name] == pytest.approx(array, abs=1e-4), name


def test_a_file_of_mxnets_is_read_as_mxnet_reads_it(tmp_path: Path, first: Path) -> None:
    written = (
        "import sys, mxnet as mx, numpy as np\n"
        "arrays = np.load(sys.argv[1])\n"
        "mx.nd.save(sys.argv[2], {'arg:' + n: mx.nd.array(a) for n, a in arrays.items()})\n"
    )
    base = begun(tmp_path, URI.format("weights.npz"), first, "weights.npz")
    path = base / "input/data/start/weights.params"
    assert python(base, "-c", written, str(first / "model/weights.npz"), str(path)).returncode == 0
    training_job(
        base, {"epochs": "1", "learning_rate": "0.0000001", "start_from": URI.format(path.name)}
    )
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    assert read_json(base / "model/model.json")["start"]["uri"] == URI.format("weights.params")
    name = "features.4.body.0.weight"
    assert weights(base)[name] == pytest.approx(weights(first)[name], abs=1e-4)


def test_a_start_is_repeated_to_the_byte_and_told_from_another(tmp_path: Path, first: Path) -> None:
    learned, marks = [], []
    for place in ("one", "two"):
        base = begun(tmp_path / place, URI.format("weights.npz"), first, "weights.npz")
        assert run("train", base).returncode == 0
        learned.append((base / "model/weights.npz").read_bytes())
        marks.append(fingerprint(base))
    assert learned[0] == learned[1]
    assert marks[0] == marks[1]
    other = tmp_path / "two/input/data/start/weights.npz"
    write_weights(other, {name: array + 1e-3 for name, array in weights(first).items()})
    done = run("train", tmp_path / "two")
    assert "is not used: it is of other hyperparameters or data" in done.stdout
    assert fingerprint(tmp_path / "two") != marks[0]


def fingerprint(base: Path) -> str:
    newest = max((base / "checkpoints").iterdir())
    return newest.read_bytes().split(b'"fingerprint":"')[1][:64].decode()


def test_a_file_of_another_network_ends_the_job(tmp_path: Path, first: Path) -> None:
    base = begun(tmp_path, URI.format("weights.npz"), first, "weights.npz")
    asked = {"network": "mobilenet_v2_0_5", "start_from": URI.format("weights.npz")}
    training_job(base, asked)
    done = run("train", base)
    assert done.returncode == 1
    said = (base / "output/failure").read_text()
    assert "does not fit the network mobilenet_v2_0_5: its array features.0.0.weight is" in said


def test_the_starter_fits_the_network_at_the_sizes_that_people_use(tmp_path: Path) -> None:
    base = training_job(tmp_path, {"epochs": "1", "start_from": "auto"})
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    assert "starts from starter\n" in done.stdout
    assert read_json(base / "model/model.json")["start"]["kind"] == "starter"


SHAPES = """
import json

import mxnet as mx
import numpy as np
from trainer.mxnet_engine.network import build, parameters

bias, found = np.zeros(2), {}
for name in ("small", "resnet18_v1", "resnet50_v1", "resnet152_v1", "mobilenet_v2_0_5"):
    learned = parameters(build(name, bias, 32, 0.0, mx.cpu()))
    found[name] = {key: list(array.shape) for key, array in learned.items()}
print(json.dumps(found))
"""


def test_the_plan_tells_networks_apart_as_they_are(tmp_path: Path) -> None:
    told = json.loads(python(tmp_path, "-c", SHAPES).stdout.splitlines()[-1])
    assert set(told) == set(TELLING) == set(get_args(Network)) - {"auto"}
    for network, telling in TELLING.items():
        fits = {
            name
            for name, shapes in told.items()
            if all(shapes.get(array) == list(shape) for array, shape in telling.items())
        }
        deeper = {"resnet152_v1"} if network == "resnet50_v1" else set()  # holds one like it
        assert fits == {network} | deeper


HEAD_ALONE = """
from types import SimpleNamespace

import numpy as np
from trainer.engine import current
from trainer.labels import LabelCounts

asked = SimpleNamespace(
    loss="bce", label_smoothing=0, dropout=0, optimizer="adam", weight_decay=0, side=32, seed=1,
    mini_batch_size=4, epochs=1, single=False,
)
labels, images = np.eye(4, dtype=np.uint8), np.zeros((4, 32, 32, 3), np.uint8)
images[:] = np.arange(4)[:, None, None, None] * 60
moved = []
for times in (1, 10):
    learner = current().build("small", asked, LabelCounts.of(labels))
    learner.quicken_head(times)
    before = learner.weights()
    learner.step(images, labels, 1e-4)
    learner.mean_loss()
    after = learner.weights()
    moved.append({name: np.abs(after[name] - before[name]).max() for name in before})
slow, fast = moved
for name in ("head.weight", "head.bias", "features.0.weight"):
    print(name, round(float(fast[name] / slow[name]), 2))
"""


@pytest.mark.parametrize("engine", ["mxnet", "torch"])
def test_a_new_head_learns_faster_and_nothing_else(tmp_path: Path, engine: str) -> None:
    done = python(tmp_path, "-c", HEAD_ALONE, engine=engine)
    assert done.returncode == 0, done.stderr
    times = dict(line.split() for line in done.stdout.splitlines())
    assert times == {"head.weight": "10.0", "head.bias": "10.0", "features.0.weight": "1.0"}
