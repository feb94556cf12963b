"""PyTorch beside MXNet: one contract, the same networks, losses and pixels."""

import json
import re
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.integration.test_trainer_survives import (
    IN_AN_EPOCH,
    KILL,
    MAIN,
    WHILE_A_CHECKPOINT_IS_WRITTEN,
    epochs,
    on_sigterm,
)
from tests.integration.trainer_jobs import (
    SIDE,
    cut,
    jpeg,
    onnx_scores,
    processing_job,
    python,
    read_json,
    run,
    training_job,
)

pytestmark = pytest.mark.slow
TORCH = "torch"
WHILE_EXPORTING = f"{KILL}import trainer.torch_engine.learner as x; x.export = end\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job that PyTorch did, its output beside it."""
    base = training_job(tmp_path_factory.mktemp("torch"))
    done = run("train", base, TORCH)
    assert done.returncode == 0, done.stderr
    (base / "said").write_text(done.stdout)
    return base


def learned(base: Path) -> list[bytes]:
    with np.load(base / "model/weights.npz") as arrays:
        weights = [arrays[name].tobytes() for name in sorted(arrays)]
    return [*weights, (base / "model/model.onnx").read_bytes()]


def test_it_says_the_same_lines_and_describes_the_model_alike(
    trained: Path, tmp_path: Path
) -> None:
    other = training_job(tmp_path)
    done = run("train", other)
    form = re.compile(r"[\d.e-]+")
    lines = [
        [form.sub("#", line) for line in said.splitlines() if line.startswith("epoch=")]
        for said in ((trained / "said").read_text(), done.stdout)
    ]
    assert lines[0] == lines[1]
    ours, theirs = (read_json(base / "model/model.json") for base in (trained, other))
    assert ours.keys() == theirs.keys()
    for key in ("labels", "image", "network", "hyperparameters", "run"):
        assert ours[key] == theirs[key]
    assert set(ours["versions"]) == {"torch", "numpy", "onnx", "onnxruntime"}
    assert ours["mAP"] > 0.9


def test_several_files_are_learned_from_as_the_one_they_would_be(
    trained: Path, tmp_path: Path
) -> None:
    base = training_job(tmp_path)
    cut(base / "input/data/train/train.rec", 40, 1, 55)
    cut(base / "input/data/validation/val.rec", 3, 37)
    done = run("train", base, TORCH)
    assert done.returncode == 0, done.stderr
    assert learned(base) == learned(trained)


def test_evaluation_by_the_other_image_judges_it_like_any_model(
    trained: Path, tmp_path: Path
) -> None:
    base = processing_job(tmp_path, trained)
    done = run("evaluate", base)
    assert done.returncode == 0, done.stderr
    metrics = read_json(base / "processing/output/metrics.json")
    told = (trained / "said").read_text().splitlines()[-1]
    assert f"validation:mAP={metrics['mAP']:.6f}" in told


def test_either_image_evaluates_alike(trained: Path, tmp_path: Path) -> None:
    pages = []
    for engine in ("mxnet", TORCH):
        base = processing_job(tmp_path / engine, trained)
        assert run("evaluate", base, engine).returncode == 0
        metrics = read_json(base / "processing/output/metrics.json")
        pages.append({k: v for k, v in metrics.items() if k != "created"})
    assert pages[0] == pages[1]


def test_one_image_and_many_get_the_same_scores(trained: Path) -> None:
    rng = np.random.default_rng(1)
    data = rng.integers(0, 256, (5, 3, SIDE, SIDE)).astype(np.float32)
    together = onnx_scores(trained / "model/model.onnx", data)
    alone = np.concatenate([onnx_scores(trained / "model/model.onnx", one[None]) for one in data])
    assert together.shape == (5, 4)
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize(
    ("moment", "kept", "again"),
    [
        (IN_AN_EPOCH, 2, [3, 4]),
        (WHILE_A_CHECKPOINT_IS_WRITTEN, 2, [3, 4]),
        (WHILE_EXPORTING, 4, []),
    ],
    ids=["in an epoch", "while a checkpoint is written", "while exporting"],
)
def test_one_that_is_killed_goes_on_exactly(
    tmp_path: Path, trained: Path, moment: str, kept: int, again: list[int]
) -> None:
    base = training_job(tmp_path)
    assert python(base, "-c", moment + MAIN, engine=TORCH).returncode == -signal.SIGKILL
    done = run("train", base, TORCH)
    assert done.returncode == 0, done.stderr
    assert f"going on from the checkpoint of epoch {kept}\n" in done.stdout
    assert epochs(done.stdout) == again
    assert learned(base) == learned(trained)


@pytest.mark.parametrize("optimizer", ["sgd", "nag", "rmsprop"])
def test_other_optimizers_go_on_exactly(tmp_path: Path, optimizer: str) -> None:
    asked = {"optimizer": optimizer, "learning_rate": "0.002", "use_weighted_loss": "1"}
    asked |= {"epochs": "3", "augmentation_type": "crop_color_transform"}
    asked |= {"weight_averaging": "0.9", "label_smoothing": "0.1", "dropout": "0.3", "views": "2"}
    base, other = (training_job(tmp_path / name, asked) for name in ("ended", "whole"))
    done = python(base, "-c", IN_AN_EPOCH + MAIN, engine=TORCH)
    assert done.returncode == -signal.SIGKILL
    for job in (base, other):
        done = run("train", job, TORCH)
        assert done.returncode == 0, done.stderr
    assert learned(base) == learned(other)


def test_it_starts_from_the_starter(tmp_path: Path, trained: Path) -> None:
    base = training_job(tmp_path / "starter", {"epochs": "1", "start_from": "starter"})
    done = run("train", base, TORCH)
    assert done.returncode == 0, done.stderr
    assert "starts from starter" in done.stdout
    with (
        np.load(trained / "model/weights.npz") as ours,
        np.load(base / "model/weights.npz") as theirs,
    ):
        assert sorted(ours) == sorted(theirs)


def test_sigterm_leaves_the_best_epoch_so_far(tmp_path: Path, trained: Path) -> None:
    base = training_job(tmp_path)
    done = python(base, "-c", on_sigterm(15) + MAIN, engine=TORCH)
    assert done.returncode == 143, done.stderr
    described = read_json(base / "model/model.json")
    assert described["ended_early"] == "SIGTERM ended training after 2 of 4 epochs"
    assert run("train", base, TORCH).returncode == 0
    assert learned(base) == learned(trained)


def test_a_checkpoint_of_the_other_engine_is_left(tmp_path: Path) -> None:
    base = training_job(tmp_path, {"epochs": "1"})
    assert run("train", base).returncode == 0
    done = run("train", base, TORCH)
    assert done.returncode == 0, done.stderr
    assert "is not used: it is of other hyperparameters or data" in done.stdout


@pytest.mark.parametrize("network", ["resnet18_v1", "resnet50_v1", "mobilenet_v2_0_5"])
def test_every_network_trains_and_exports(tmp_path: Path, network: str) -> None:
    asked = {"network": network, "epochs": "1", "learning_rate": "0.0005"}
    base = training_job(tmp_path, asked)
    done = run("train", base, TORCH)
    assert done.returncode == 0, done.stderr
    assert read_json(base / "model/model.json")["network"] == network


# One of each engine writes or reads weights.npz; both print what the network answers.
ANSWERS = """
import sys, numpy as np
from trainer.engine import current
from trainer.hyperparameters import parse
from trainer.labels import LabelCounts
asked = parse({"epochs": "1", "learning_rate": "0.01", "num_classes": "3", "seed": "5",
    "mini_batch_size": "4", "image_shape": f"3,{sys.argv[2]},{sys.argv[2]}"})
rng = np.random.default_rng(7)
side = int(sys.argv[2])
images = rng.integers(0, 256, (4, side, side, 3), dtype=np.uint8)
labels = rng.integers(0, 2, (4, 3), dtype=np.uint8)
learner = current().build(sys.argv[1], asked, LabelCounts.of(labels))
if sys.argv[3] == "write":
    weights = {k: v + rng.normal(0, 0.01, v.shape).astype(np.float32) ** 2 * (v.ndim < 4)
        for k, v in learner.weights().items()}
    np.savez("weights.npz", **weights)
else:
    weights = dict(np.load("weights.npz"))
    for name in [n for n in weights if n.endswith("bias") and n != "head.bias"]:
        norm = name.rpartition(".")[0].rpartition(".")  # Gluon's bottlenecks add before they norm
        weights[f"{norm[0]}.{int(norm[2]) + 1}.running_mean"] -= weights.pop(name)
    assert sorted(weights) == sorted(learner.weights())
learner.set_weights(weights)
print(learner.logits(images).tolist())
"""


@pytest.mark.parametrize(
    ("network", "side"),
    [
        ("small", 33),
        ("small", 224),
        ("resnet18_v1", 33),
        ("resnet50_v1", 33),
        ("mobilenet_v2_0_5", 33),
    ],
)
def test_weights_of_one_engine_fit_the_other(tmp_path: Path, network: str, side: int) -> None:
    answers = []
    for engine, how in (("mxnet", "write"), (TORCH, "read")):
        done = python(tmp_path, "-c", ANSWERS, network, str(side), how, engine=engine)
        assert done.returncode == 0, done.stderr
        answers.append(np.array(json.loads(done.stdout.splitlines()[-1])))
    assert answers[0].std() > 0.01
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-3, rtol=1e-4)


# One step of plain SGD from the same weights: a gradient of either engine, float32 in both
STEP = """
import sys, numpy as np
import trainer.losses
from trainer.engine import current
from trainer.hyperparameters import parse
from trainer.labels import LabelCounts
if current().name == "torch":
    import trainer.torch_engine.learner as l
    l.half_pays = lambda where: False
asked = parse({"epochs": "1", "learning_rate": "0.01", "num_classes": "3", "seed": "5",
    "mini_batch_size": "4", "image_shape": "3,33,33", **dict(a.split("=") for a in sys.argv[2:])})
rng = np.random.default_rng(7)
images = rng.integers(0, 256, (4, 33, 33, 3), dtype=np.uint8)
labels = rng.integers(0, 2, (4, 3), dtype=np.uint8)
learner = current().build("small", asked, LabelCounts.of(labels))
if sys.argv[1] == "write":
    np.savez("weights.npz", **learner.weights())
before = dict(np.load("weights.npz"))
learner.set_weights(before)
for _ in range(3):
    learner.step(images, labels, 0.001)
after = learner.weights()
changed = [(after[name] - before[name]).ravel() for name in ("head.weight", "head.bias")]
print(learner.mean_loss(), *np.concatenate(changed))
"""


@pytest.mark.parametrize(
    "asked",
    [
        ["optimizer=sgd", "weight_decay=0.1"],
        ["optimizer=adam", "use_weighted_loss=1"],
        ["optimizer=rmsprop"],
        ["optimizer=nag", "use_weighted_loss=1"],
    ],
    ids=lambda asked: asked[0],
)
def test_three_steps_of_either_engine_lead_to_the_same_last_layer(
    tmp_path: Path, asked: list[str]
) -> None:
    """The last layer alone: Adam turns what is nothing but rounding elsewhere into whole steps."""
    after = []
    for engine, how in (("mxnet", "write"), (TORCH, "read")):
        done = python(tmp_path, "-c", STEP, how, *asked, engine=engine)
        assert done.returncode == 0, done.stderr
        after.append(np.array([float(value) for value in done.stdout.splitlines()[-1].split()]))
    assert abs(after[0][0] - after[1][0]) < 0.01
    changes = after[0][1:], after[1][1:]
    assert np.linalg.norm(changes[0] - changes[1]) < 0.1 * np.linalg.norm(changes[0])


# What a GPU does to images in its memory, done on the CPU
CHANGES = """
import sys, numpy as np, torch
from trainer.augment import apply, draw
from trainer.torch_engine.feed import apply as there
images = np.load("images.npy")
for kind in ("none", "crop", "crop_color", "crop_color_transform", "geometric"):
    changes = draw(kind, len(images), images.shape[1], np.random.default_rng(3))
    wanted = apply(images, changes).astype(int)
    found = there(torch.from_numpy(images), changes).numpy()
    assert found.dtype == np.uint8
    print(kind, np.abs(found - wanted).max(), np.abs(found - wanted).mean())
"""


def test_a_gpu_changes_images_as_the_cpu_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    import cv2

    smooth = [
        cv2.resize(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8), (40, 40)) for _ in range(9)
    ]
    np.save(tmp_path / "images.npy", np.stack(smooth))
    done = python(tmp_path, "-c", CHANGES, engine=TORCH)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 5
    for kind, most, mean in lines:
        assert int(most) <= 3, kind
        assert float(mean) < 0.6, kind


DEVICE = """
import numpy as np, torch
from pathlib import Path
from trainer.data import RecordSet
from trainer.feed import MemoryFeed
from trainer.torch_engine.feed import DeviceFeed, feed
records = RecordSet(Path("input/data/train/train.rec"), labels=4, side=32)
where = torch.device("cpu")
assert isinstance(feed(records, "crop", where), MemoryFeed)
chosen = np.array([3, 90, 3, 17])
one = DeviceFeed(records, "crop", where).batch(chosen, np.random.default_rng(1))
two = MemoryFeed(records, "crop").batch(chosen, np.random.default_rng(1))
for a, b in zip(one, two):
    assert (a.numpy() == b).all()
"""


def test_a_gpus_own_images_are_the_files(tmp_path: Path) -> None:
    base = training_job(tmp_path)
    done = python(base, "-c", DEVICE, engine=TORCH)
    assert done.returncode == 0, done.stderr


def test_an_engine_that_is_none_is_named(tmp_path: Path) -> None:
    base = training_job(tmp_path)
    done = run("train", base, TRAINER_ENGINE="jax")
    assert done.returncode == 1
    told = (base / "output/failure").read_text()
    assert told == "TRAINER_ENGINE is 'jax'; it must be one of mxnet, torch"


def test_a_record_that_is_no_jpeg_is_named(tmp_path: Path) -> None:
    base = training_job(tmp_path)
    path = base / "input/data/train/train.rec"
    start = jpeg([0, 0, 0, 0], np.random.default_rng(0), SIDE)[:4]
    path.write_bytes(path.read_bytes().replace(start, b"GIF8"))
    done = run("train", base)
    assert done.returncode == 1
    assert "the image of record 0 cannot be decoded" in (base / "output/failure").read_text()
