"""`package`: the archive for devices, known to the byte; int8 of a real network, both ways."""

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tagline.formats.document import Document, decode, encode
from tagline.formats.edge import EdgeManifest, EdgeOrder, EdgePackage, EdgeSmoke
from tagline.formats.models import LabelMetrics, Metrics, ModelDescription, Smoke, SmokeImage
from tagline.formats.recordio import RecordWriter, pack_record
from tagline.formats.settings import ImageSpec, Promotion
from tagline.formats.tasks import Task
from tests.integration.trainer_jobs import RUN as TINY
from tests.integration.trainer_jobs import jpeg, onnx_scores, processing_job, run, training_job
from tests.unit.documents import RUN

TESTS = Path(__file__).parents[1]
MODEL = TESTS / "unit/golden/mean-colour.onnx"
LABELS = ("red", "green", "blue")
VERSION = "1.261127.42210"
SIDE = 16
# of the archive of mean-colour.onnx below; a change of it is a change of what devices fetch
GOLDEN = "6689958e265e9ae21bdd8bfe38a53632394f6686ccc0a097f8a46d0de99e517e"


def picture(colour: tuple[int, int, int]) -> bytes:
    """Return a PNG of one colour, RGB."""
    pixels = np.full((SIDE, SIDE, 3), colour[::-1], np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def scores_of(colour: tuple[int, int, int]) -> list[float]:
    values = 1 / (1 + np.exp(-(np.array(colour) * 10 / 255 - 5)))
    return [round(float(value), 6) for value in values]


def laid_out(folder: Path, **changes: Any) -> Path:
    """Lay a job out under a folder: the model that tells colours, two images of its smoke test."""
    inputs = folder / "processing/input"

    def put(name: str, document: Document) -> None:
        path = inputs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(document))

    model = MODEL.read_bytes()
    image = ImageSpec(size=SIDE)
    described = ModelDescription(
        run=RUN, labels=LABELS, image=image, task=changes.get("task", Task.MULTI)
    )
    (inputs / "model").mkdir(parents=True)
    with tarfile.open(inputs / "model/model.tar.gz", "w:gz") as tar:
        for name, data in (("model.onnx", model), ("model.json", encode(described))):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    colours = changes.get("colours", {(255, 0, 0): None, (20, 40, 250): None})
    pictures = tuple(
        SmokeImage(
            content_type="image/png",
            body=base64.b64encode(picture(colour)).decode(),
            scores=scores or scores_of(colour),
        )
        for colour, scores in colours.items()
    )
    put("smoke/smoke.json", Smoke(run=RUN, labels=LABELS, images=pictures))
    known: dict[str, Any] = {"ap": 1.0, "f1": 1.0, "support": 9}
    labels = (  # a person had set that of the first, and sets it no longer
        LabelMetrics(label=LABELS[0], threshold=0.9, chosen=0.25, **known),
        *(LabelMetrics(label=label, threshold=0.25, **known) for label in LABELS[1:]),
    )
    put(
        "metrics/metrics.json",
        Metrics(
            run=RUN,
            created="2026-11-27T11:40:00Z",
            images=30,
            mAP=1.0,
            micro_ap=1.0,
            baseline_map=0.3,
            labels=labels,
        ),
    )
    card = TESTS / "golden/formats/model_card.json"
    (inputs / "card").mkdir()
    (inputs / "card/model_card.json").write_bytes(card.read_bytes())
    put(
        "order/order.json",
        EdgeOrder(
            dataset="demo",
            version=VERSION,
            run=RUN,
            created="2026-11-27T11:43:30Z",
            thresholds={"blue": 0.75, "gone": 0.1},
            targets=("sorters",),
        ),
    )
    return folder


def package(base: Path) -> subprocess.CompletedProcess[str]:
    """Run the job as the container does."""
    return run("package", base)


def output(base: Path, name: str) -> bytes:
    return (base / "processing/output" / name).read_bytes()


def members(base: Path) -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(output(base, "model.zip"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_archive_of_a_model_is_known_to_the_byte(tmp_path: Path) -> None:
    for name in ("one", "two"):
        done = package(laid_out(tmp_path / name))
        assert done.returncode == 0, done.stderr
    archives = [output(tmp_path / name, "model.zip") for name in ("one", "two")]
    assert archives[0] == archives[1]
    told = decode(output(tmp_path / "one", "package.json"), EdgePackage, "it")
    assert (told.sha256, told.bytes) == (hashlib.sha256(archives[0]).hexdigest(), len(archives[0]))
    assert told.sha256 == GOLDEN
    assert (told.precision, told.int8) == ("fp32", None)


def test_the_manifest_says_all_that_a_device_has_to_know(tmp_path: Path) -> None:
    base = laid_out(tmp_path, task=Task.SINGLE)
    assert package(base).returncode == 0
    files = members(base)
    manifest = decode(files["manifest.json"], EdgeManifest, "it")
    assert next(iter(files)) == "manifest.json"
    assert manifest.task is Task.SINGLE
    assert manifest.thresholds == {"red": 0.25, "green": 0.25, "blue": 0.75}
    assert set(manifest.files) == set(files) - {"manifest.json"}
    for name, told in manifest.files.items():
        assert told.sha256 == hashlib.sha256(files[name]).hexdigest()
        assert told.bytes == len(files[name])
    assert files["model.onnx"] == MODEL.read_bytes()
    assert files["labels.txt"] == b"red\ngreen\nblue\n"
    smoke = decode(files["smoke.json"], EdgeSmoke, "it")
    assert [each.file for each in smoke.images] == ["smoke/0.png", "smoke/1.png"]
    assert smoke.images[0].scores == pytest.approx(scores_of((255, 0, 0)), abs=1e-5)


def test_a_model_that_answers_otherwise_than_it_was_evaluated_is_refused(tmp_path: Path) -> None:
    done = package(laid_out(tmp_path, colours={(255, 0, 0): [0.5, 0.5, 0.5]}))
    assert (done.returncode, "it is not the model of this run" in done.stderr) == (1, True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that was trained for some seconds, evaluated, and laid out to be packaged."""
    job = training_job(tmp_path_factory.mktemp("trained"), {"epochs": "8"})
    done = run("train", job)
    assert done.returncode == 0, done.stderr
    base = processing_job(tmp_path_factory.mktemp("judged"), job)
    done = run("evaluate", base)
    assert done.returncode == 0, done.stderr
    inputs, judged = base / "processing/input", base / "processing/output"
    for name, file in (
        *(("metrics", "metrics.json"), ("card", "model_card.json"), ("smoke", "smoke.json")),
    ):
        (inputs / name).mkdir()
        shutil.move(judged / file, inputs / name / file)
    shutil.copytree(inputs / "challenger", inputs / "model")
    (inputs / "order").mkdir()
    return base


def ordered(trained: Path, **more: Any) -> Path:
    known: dict[str, Any] = {"dataset": "tiny", "version": VERSION, "run": TINY, "targets": ()}
    order = EdgeOrder(**known, created="2026-11-27T11:43:30Z", int8=True, **more)
    (trained / "processing/input/order/order.json").write_bytes(encode(order))
    return trained


def test_a_network_goes_out_in_int8_where_the_gate_lets_it(trained: Path) -> None:
    done = package(ordered(trained))
    assert done.returncode == 0, done.stderr
    told = decode(output(trained, "package.json"), EdgePackage, "it")
    assert told.int8 is not None
    assert (told.precision, told.int8.accepted, told.int8.calibrated_on) == ("int8", True, 40)
    assert told.int8.agreement is not None
    assert told.int8.agreement >= 0.9
    files = members(trained)
    with tarfile.open(trained / "processing/input/model/model.tar.gz") as tar:
        whole = max(member.size for member in tar if member.name.endswith("model.onnx"))
    assert len(files["model.onnx"]) < whole / 2
    manifest = decode(files["manifest.json"], EdgeManifest, "it")
    assert (manifest.model.precision, manifest.tolerance) == ("int8", 0.1)
    images = decode(files["smoke.json"], EdgeSmoke, "it").images
    for image in images:
        pixels: Any = cv2.imdecode(np.frombuffer(files[image.file], np.uint8), cv2.IMREAD_COLOR)
        planes = pixels[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)
        (trained / "int8.onnx").write_bytes(files["model.onnx"])
        scores = onnx_scores(trained / "int8.onnx", planes)[0]
        assert scores == pytest.approx(image.scores, abs=manifest.tolerance)


def test_fp32_goes_out_where_the_gate_refuses_int8(trained: Path) -> None:
    """The images' labels are others', so that no model reaches what is asked for."""
    rng = np.random.default_rng(7)
    with (trained / "processing/input/validation/val.rec").open("wb") as stream:
        writer = RecordWriter(stream)
        for number in range(40):
            shown, told = rng.integers(0, 2, (2, 4)).tolist()
            writer.write(pack_record(number, told, jpeg(shown, rng, 32)))
    done = package(ordered(trained, promotion=Promotion(minimum_map=0.99)))
    assert done.returncode == 0, done.stderr
    told = decode(output(trained, "package.json"), EdgePackage, "it")
    assert told.int8 is not None
    assert (told.precision, told.int8.accepted) == ("fp32", False)
    assert told.int8.reason.endswith("promotion.minimum_map is 0.9900, so fp32 goes out")
