"""`python -m trainer.builtin train|serve`: our trainer keeps the built-in algorithm's contract."""

import json
import re
import shutil
import tarfile
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from tagline.formats.document import encode
from tagline.formats.recordio import RecordWriter, pack_record
from tagline.formats.sagemaker import (
    AlgorithmSpecification,
    Cluster,
    OutputData,
    StoppingCondition,
    TrainingRequest,
)
from tagline.formats.steps import TrainPlan
from tests.integration.trainer_jobs import (
    LABELS,
    RUN,
    SIDE,
    Cold,
    free_port,
    jpeg,
    onnx_scores,
    processing_job,
    python,
    read_json,
    run,
    start,
    write,
    write_records,
)

pytestmark = pytest.mark.slow
ASKED = {
    "num_classes": str(len(LABELS)),
    "num_training_samples": "96",
    "multi_label": "1",
    "image_shape": f"3,{SIDE},{SIDE}",
    "mini_batch_size": "16",
    "optimizer": "adam",
    "learning_rate": "0.004",
    "epochs": "4",
    "momentum": "0.9",
}
CHANNEL = {"ContentType": "application/x-recordio", "TrainingInputMode": "File"}


def request() -> TrainingRequest:
    """Return the request of the job, as the plan kept it."""
    return TrainingRequest(
        algorithm_specification=AlgorithmSpecification(training_image="image"),
        input_data_config=(),
        output_data_config=OutputData(s3_output_path="s3://b/o"),
        resource_config=Cluster(instance_type="ml.g4dn.xlarge", volume_size_in_gb=30),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=60),
        hyper_parameters=ASKED,
    )


def training_job(base: Path, **more: str) -> Path:
    """Lay out a job as SageMaker does for the algorithm: two channels of a file of any name."""
    write_records(base / "input/data/train/a.rec", 96, seed=1)
    write_records(base / "input/data/validation/b.rec", 40, seed=2)
    config = base / "input/config"
    write(config / "hyperparameters.json", json.dumps(ASKED | more).encode())
    channels = dict.fromkeys(("train", "validation"), CHANNEL)
    write(config / "inputdataconfig.json", json.dumps(channels).encode())
    return base


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    base = training_job(tmp_path_factory.mktemp("builtin"))
    done = python(base, "-m", "trainer.builtin", "train")
    assert done.returncode == 0, done.stderr
    return base, done.stdout


def test_its_log_reads_as_the_algorithms(trained: tuple[Path, str]) -> None:
    _, said = trained
    for name in ("Train", "Validation"):
        found = re.findall(
            rf"^\[.* INFO \d+\] Epoch\[(\d)\] {name}-accuracy=(\S+)$", said, re.MULTILINE
        )
        assert [epoch for epoch, _ in found] == ["0", "1", "2", "3"]
        assert float(found[-1][1]) > 0.8
    assert len(re.findall(r"^epoch=\d .*validation:mAP=", said, re.MULTILINE)) == 5
    assert "is emulated by tagline/trainer" in said
    assert "without effect in the emulation: momentum=0.9" in said


def test_it_leaves_the_algorithms_files(trained: tuple[Path, str]) -> None:
    base, said = trained
    names = sorted(path.name for path in (base / "model").iterdir())
    assert names[1:] == ["image-classification-symbol.json", "model-shapes.json"]
    assert re.fullmatch(r"image-classification-000[1-4]\.params", names[0])
    assert f'Saved checkpoint to "{base}/model/{names[0]}"' in said
    (shape,) = json.loads((base / "model/model-shapes.json").read_text())
    assert shape == {"shape": [16, 3, SIDE, SIDE], "name": "data"}
    assert not list(base.glob("emulated-*"))


def test_evaluation_judges_them_and_packs_what_serves(
    trained: tuple[Path, str], tmp_path: Path
) -> None:
    base, said = trained
    job = processing_job(tmp_path / "job", base)
    planned = TrainPlan(job_name="job", timeout=1, request=request())
    write(job / "processing/input/training/training.json", encode(planned))
    done = run("evaluate", job, TAGLINE_RUN=RUN, TAGLINE_CONVERTS="builtin")
    assert done.returncode == 0, done.stderr
    assert re.search(r"-000\d\.params is made model\.onnx: MXNet and ONNX Runtime", done.stdout)
    (exported,) = re.findall(r"validation:mAP=(\S+) .*exported", said)
    metrics = read_json(job / "processing/output/metrics.json")
    assert (metrics["run"], metrics["images"]) == (RUN, 40)
    assert metrics["mAP"] == pytest.approx(float(exported), abs=1e-5)
    with tarfile.open(job / "processing/served/model.tar.gz") as tar:
        assert sorted(tar.getnames()) == ["model.json", "model.onnx"]
        tar.extractall(tmp_path, filter="data")
    described = read_json(tmp_path / "model.json")
    assert described["labels"] == LABELS
    assert described["image"] == {"size": SIDE, "mode": "letterbox", "background": "#ffffff"}
    assert (described["run"], described["network"]) == (RUN, "image-classification")
    assert described["hyperparameters"] == ASKED
    blank = np.zeros((1, 3, SIDE, SIDE), np.float32)
    assert onnx_scores(tmp_path / "model.onnx", blank).shape == (1, len(LABELS))


def test_its_endpoint_answers_a_bare_list(trained: tuple[Path, str], tmp_path: Path) -> None:
    shutil.copytree(trained[0] / "model", tmp_path / "model")
    port = free_port()
    variables = {"SAGEMAKER_BIND_TO_PORT": str(port), "TAGLINE_BIND_HOST": "127.0.0.1"}
    server = start(tmp_path, ["-m", "trainer.builtin", "serve"], "mxnet", variables)
    assert isinstance(server, Cold)
    process = server.process
    try:
        assert process.stdout
        assert "is emulated by tagline/trainer" in process.stdout.readline()  # it listens
        body = jpeg([1, 0, 0, 0], np.random.default_rng(0), 50)

        def ask(accept: str) -> str:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/invocations",
                body,
                {"Content-Type": "application/x-image", "Accept": accept},
            )
            with urllib.request.urlopen(request) as answer:
                text: str = answer.read().decode()
            return text

        scores = json.loads(ask("*/*"))
        assert len(scores) == len(LABELS)
        assert all(0 <= score <= 1 for score in scores)
        assert ask("application/jsonlines") == json.dumps({"prediction": scores}) + "\n"
    finally:
        process.terminate()
        process.wait()
    assert process.returncode == 128 + 15


def test_answers_of_one_class_an_image_add_up(tmp_path: Path) -> None:
    base = training_job(tmp_path, multi_label="0", num_classes="3", epochs="3")
    rng = np.random.default_rng(4)
    for name, count in (("train/a.rec", 96), ("validation/b.rec", 40)):
        with (base / "input/data" / name).open("wb") as stream:
            writer = RecordWriter(stream)
            for number in range(count):
                marks = [int(number % 3 == mark) for mark in range(3)]
                writer.write(pack_record(number, [number % 3], jpeg([*marks, 0], rng, SIDE)))
    done = python(base, "-m", "trainer.builtin", "train")
    assert done.returncode == 0, done.stderr
    assert "label-format is class-id" in done.stdout
    graph = read_json(base / "model/image-classification-symbol.json")
    assert graph["nodes"][graph["heads"][0][0]]["op"] == "softmax"
    (reached,) = re.findall(r"Epoch\[2\] Validation-accuracy=(\S+)", done.stdout)
    assert float(reached) > 0.8


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"mini_batch_size": "41"}, "mini_batch_size 41 is more than the 40 validation images"),
        ({"image_shape": "3,40,40"}, "a.rec: record 0 is 32x32 pixels, smaller than the image_sh"),
    ],
)
def test_what_fails_on_aws_fails_here(tmp_path: Path, more: dict[str, str], words: str) -> None:
    base = training_job(tmp_path, **more)
    done = python(base, "-m", "trainer.builtin", "train")
    assert done.returncode == 1
    assert words in (base / "output/failure").read_text()
