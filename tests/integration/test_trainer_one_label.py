"""Single labels through both engines: what is learned, exported, judged and gone on from."""

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tagline.formats.document import encode, encode_record
from tagline.formats.models import ModelDescription
from tagline.formats.recordio import RecordWriter, pack_record, read_records, unpack_record
from tagline.formats.rows import Verdict
from tagline.scores.temperature import scaled
from tests.integration.trainer_jobs import (
    CHAMPION_RUN,
    HYPERPARAMETERS,
    RUN,
    SIDE,
    jpeg,
    onnx_scores,
    python,
    read_json,
    run,
    write,
)
from tests.unit.run_documents import packed_dataset

pytestmark = pytest.mark.slow
LABELS = ["red", "green", "blue"]
SIDES = {"train": (96, 1), "validation": (60, 2), "test": (50, 3)}


def write_side(path: Path, side: str) -> None:
    """Write images with one coloured shape each; a tenth is labelled wrongly."""
    count, seed = SIDES[side]
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        writer = RecordWriter(stream)
        for number in range(count):
            drawn = int(rng.choice(3, p=[0.5, 0.3, 0.2]))
            image = jpeg([*(int(j == drawn) for j in range(3)), 0], rng, SIDE)
            label = (drawn + (rng.random() < 0.1)) % 3
            marks = [int(j == label) for j in range(3)]
            writer.write(pack_record(1000 * seed + number, marks, image))


def dataset(**more: Any) -> bytes:
    counts = {side: count for side, (count, _) in SIDES.items()}
    facts = {"run": RUN, "labels": LABELS, "image": {"size": SIDE}, "task": "single", **counts}
    return encode(packed_dataset(**facts | more))


def training(base: Path, **asked: str) -> Path:
    write_side(base / "input/data/train/train.rec", "train")
    write_side(base / "input/data/validation/val.rec", "validation")
    task = asked.get("task", "single")
    write(base / "input/data/dataset/dataset.json", dataset(task=task))
    given = HYPERPARAMETERS | {"num_classes": "3", "task": "single", "views": "2"} | asked
    write(base / "input/config/hyperparameters.json", json.dumps(given).encode())
    return base


def evaluation(base: Path, challenger: Path, champion: Path | None = None) -> Path:
    inputs = base / "processing/input"
    write_side(inputs / "validation/val.rec", "validation")
    write_side(inputs / "test/test.rec", "test")
    write(inputs / "dataset/dataset.json", dataset())
    rows = (
        Verdict(line=n, id=1000 * seed + n, path=f"{n}.png", verdict="accepted")
        for count, seed in SIDES.values()
        for n in range(count)
    )
    write(inputs / "verdicts/verdicts.jsonl", b"".join(map(encode_record, rows)))
    for name, job in (("challenger", challenger), ("champion", champion)):
        if job:
            (inputs / name).mkdir(parents=True)
            with tarfile.open(inputs / name / "model.tar.gz", "w:gz") as tar:
                tar.add(job / "model", ".")
    return base


@pytest.fixture(scope="module", params=["mxnet", "torch"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = training(tmp_path_factory.mktemp(f"single-{request.param}"))
    done = run("train", base, request.param)
    assert done.returncode == 0, done.stderr
    (base / "said").write_text(done.stdout)
    return base


def pixels(records: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of a record file (n, 3, S, S) and their labels by column, (n,)."""
    with records.open("rb") as stream:
        found = [unpack_record(payload) for payload in read_records(stream)]
    images = [
        np.asarray(cv2.imdecode(np.frombuffer(r.image, np.uint8), cv2.IMREAD_COLOR))[..., ::-1]
        for r in found
    ]
    planes = np.stack(images).transpose(0, 3, 1, 2).astype(np.float32)
    return planes, np.array([r.labels for r in found]).argmax(axis=1)


def test_the_model_answers_shares_at_its_temperature(trained: Path) -> None:
    described = read_json(trained / "model/model.json")
    assert described["task"] == "single"
    assert described["temperature"] > 0
    assert described["calibration"] is None
    assert described["hyperparameters"]["task"] == "single"
    images, truth = pixels(trained / "input/data/validation/val.rec")
    scores = onnx_scores(trained / "model/model.onnx", images)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    recalls = [(scores.argmax(axis=1) == truth)[truth == j].mean() for j in range(3)]
    assert described["macro_recall"] == pytest.approx(np.mean(recalls))
    last = (trained / "said").read_text().splitlines()[-1]
    assert f"validation:macro_recall={described['macro_recall']:.6f}" in last
    assert last.endswith("exported")
    likelihood = -np.log(scores[np.arange(len(truth)), truth]).mean()
    assert f"validation:cross_entropy={likelihood:.6f}"[:-3] in last
    other = scaled(scores, 2.0)  # a tenth is labelled wrongly: no other temperature is likelier
    assert likelihood < -np.log(other[np.arange(len(truth)), truth]).mean()


def test_the_evaluation_can_be_computed_again_from_model_and_records(
    trained: Path, tmp_path: Path
) -> None:
    if "mxnet" not in trained.name:
        pytest.skip("the evaluation sees an ONNX file, whoever trained it")
    base = evaluation(tmp_path, trained)
    done = run("evaluate", base, TAGLINE_RUN=RUN, TAGLINE_REJECT_ACCURACY="0.8")
    assert done.returncode == 0, done.stderr
    output, inputs = base / "processing/output", base / "processing/input"
    metrics = read_json(output / "metrics.json")
    assert done.stdout.startswith(f"macro recall {metrics['macro_recall']} on 50 test images (one")
    images, truth = pixels(inputs / "test/test.rec")
    scores = onnx_scores(trained / "model/model.onnx", images)
    given = scores.argmax(axis=1)
    counts = np.zeros((3, 3), int)
    np.add.at(counts, (truth, given), 1)
    assert metrics["confusion"] == {"labels": LABELS, "counts": counts.tolist()}
    assert metrics["top1"] == pytest.approx((given == truth).mean())
    assert metrics["top5"] is None
    sure = scores.max(axis=1) >= metrics["unsure"]["threshold"]
    assert metrics["unsure"]["answered"] == pytest.approx(sure.mean(), abs=1e-6)
    assert metrics["unsure"]["accuracy"] == pytest.approx((given == truth)[sure].mean(), abs=1e-6)
    smoke = read_json(output / "smoke.json")
    assert all(sum(image["scores"]) == pytest.approx(1, abs=1e-5) for image in smoke["images"])
    assert read_json(output / "reference.json")["images"] == 60
    assert "<h2>Confusion matrix</h2>" in (output / "report.html").read_text()


LOSSES = """
import json
from types import SimpleNamespace

import numpy as np
from trainer.labels import LabelCounts
from trainer.losses import loss_of
from trainer.schedule import class_weights

rng = np.random.default_rng(0)
labels = np.eye(4, dtype=np.uint8)[rng.choice(4, 40, p=[0.6, 0.2, 0.1, 0.1])]
x = (3 * rng.normal(0, 1, labels.shape)).astype(np.float32)
counts = LabelCounts.of(labels)
weights = class_weights(counts)
found = {}
def asked(loss, smoothing):
    return SimpleNamespace(single=True, loss=loss, label_smoothing=smoothing)
"""
OF_MXNET = """
import mxnet as mx
from trainer.mxnet_engine.learner import _Operations

logits, truth = mx.nd.array(x), mx.nd.array(labels, dtype="float32")
logits.attach_grad()
with mx.autograd.record():
    loss = loss_of(asked("bce", 0), counts, _Operations(mx.cpu()))(logits, truth).sum(axis=1)
loss.backward()
theirs = mx.nd.array(x)
theirs.attach_grad()
with mx.autograd.record():
    out = mx.nd.SoftmaxOutput(theirs, mx.nd.array(labels.argmax(axis=1)))
out.backward()
chosen = out.asnumpy()[np.arange(40), labels.argmax(axis=1)]
found["loss"] = [loss.asnumpy().tolist(), (-np.log(chosen)).tolist()]
found["gradient"] = [logits.grad.asnumpy().tolist(), theirs.grad.asnumpy().tolist()]
print(json.dumps(found))
"""
OF_TORCH = """
import torch
from trainer.torch_engine.learner import _Operations

ops, truth = _Operations(torch.device("cpu")), torch.from_numpy(labels).float()
share = torch.from_numpy(labels.mean(axis=0, dtype=np.float32))
for name, loss, smoothing, weight in (
    ("plain", "bce", 0, None), ("weighted", "weighted", 0, torch.from_numpy(weights)),
    ("smoothed", "weighted", 0.2, torch.from_numpy(weights)),
):
    mine, theirs = (torch.from_numpy(x).requires_grad_() for _ in range(2))
    own = loss_of(asked(loss, smoothing), counts, ops)(mine, truth).sum(dim=1)
    target = (1 - smoothing) * truth + smoothing * share
    other = torch.nn.CrossEntropyLoss(weight=weight, reduction="none")(theirs, target)
    own.sum().backward()
    other.sum().backward()
    found[name] = [own.tolist(), other.tolist()]
    found[name + " gradient"] = [mine.grad.tolist(), theirs.grad.tolist()]
print(json.dumps(found))
"""


@pytest.mark.parametrize(("engine", "script"), [("mxnet", OF_MXNET), ("torch", OF_TORCH)])
def test_loss_and_gradient_are_the_frameworks_own(tmp_path: Path, engine: str, script: str) -> None:
    done = python(tmp_path, "-c", LOSSES + script, engine=engine)
    assert done.returncode == 0, done.stderr
    for mine, theirs in json.loads(done.stdout.splitlines()[-1]).values():
        np.testing.assert_allclose(mine, theirs, atol=2e-5)


def test_a_last_layer_of_another_task_is_not_gone_on_from(trained: Path, tmp_path: Path) -> None:
    if "mxnet" not in trained.name:
        pytest.skip("where training starts is common to both")
    other = training(
        tmp_path / "other",
        task="multi",
        epochs="1",
        views="1",
        run=CHAMPION_RUN,
        start_from="champion",
    )
    (other / "input/data/start").mkdir()
    with tarfile.open(other / "input/data/start/model.tar.gz", "w:gz") as tar:
        tar.add(trained / "model", ".")
    done = run("train", other)
    assert done.returncode == 0, done.stderr
    start = read_json(other / "model/model.json")["start"]
    assert (start["kind"], start["run"]) == ("champion", RUN)
    assert start["instead"] == (
        "without the last layer, since the champion answers one label an image"
    )
    judged = evaluation(tmp_path / "judged", trained, other)
    done = run("evaluate", judged, TAGLINE_RUN=RUN, TAGLINE_CHAMPION_RUN=CHAMPION_RUN)
    assert done.returncode == 0, done.stderr
    champion = read_json(judged / "processing/output/metrics.json")["champion"]
    assert champion["task"] == "multi"
    assert 0 <= champion["macro_recall"] <= 1


def test_going_on_from_a_checkpoint_is_as_if_it_had_not_ended(
    trained: Path, tmp_path: Path
) -> None:
    if "mxnet" not in trained.name:
        pytest.skip("checkpoints are the loop's, which is common")
    base = training(tmp_path, epochs="4")
    shutil.copytree(trained / "checkpoints", base / "checkpoints")
    (kept,) = sorted((base / "checkpoints").rglob("*.checkpoint"))[:1]
    for other in sorted((base / "checkpoints").rglob("*.checkpoint"))[1:]:
        other.unlink()
    done = run("train", base)
    assert f"going on from the checkpoint of epoch {int(kept.stem[-5:])}" in done.stdout
    told = [(path / "model/weights.npz").read_bytes() for path in (trained, base)]
    arrays = [np.load(io.BytesIO(data)) for data in told]
    assert all((arrays[0][name] == arrays[1][name]).all() for name in arrays[0].files)


def test_a_document_of_an_earlier_version_is_of_several_labels() -> None:
    assert ModelDescription(labels=("a",), image=packed_dataset().image).task == "multi"


SUMS = """
from types import SimpleNamespace

import numpy as np
from tagline.formats.tasks import Task
from trainer.candidate import Candidate
from trainer.contract import JobRefused

class Records:
    def __len__(self):
        return 1

    def batches(self, size):
        return [np.zeros((1, 8, 8, 3), np.uint8)]

image = SimpleNamespace(size=8)
described = SimpleNamespace(task=Task.SINGLE, labels=("a", "b"), image=image)
model = SimpleNamespace(run=lambda names, given: [np.array([[0.5, 0.75]], np.float32)])
try:
    Candidate("input 'challenger'", "run", described, model).scores(Records(), ("a", "b"))
except JobRefused as exc:
    print(exc)
"""


def test_a_model_that_promises_shares_is_held_to_it(tmp_path: Path) -> None:
    done = python(tmp_path, "-c", SUMS)
    assert "scores that add up to 1.25 and not to 1: let it end in a softmax" in done.stdout
