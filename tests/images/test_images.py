"""The images as AWS runs them: a small set is packed, trained upon, judged and served."""

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tagline.serving.smoke import TOLERANCE
from tests.images.conftest import ROOT, Images, tag
from tests.integration.packing_run import BUCKET, KEYS, LABELS, RUN, RunOnPaper
from tests.laptop import LaptopCloud, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
SIDE = 32
# as in the task definition of templates/packing.yaml; /tmp is the volume that the image names
FARGATE = ("--cap-drop=ALL", "--security-opt=no-new-privileges", "--init")
# root, as SageMaker wants it, and isolated as the flow asks for; /opt/ml is mounted
SAGEMAKER = ("--network=none", "--tmpfs=/tmp")
PACKED = {
    "dataset/dataset.json": KEYS.packed_dataset,
    "train/train.rec": KEYS.of("training/train.rec"),
    "validation/val.rec": KEYS.of("validation/val.rec"),
    "verdicts/verdicts.jsonl": KEYS.verdicts,
}
ASK = """
import base64, json, sys, urllib.request as u
for image in json.load(sys.stdin)["images"]:
    body, kind = base64.b64decode(image["body"]), {"Content-Type": image["content_type"]}
    request = u.Request("http://127.0.0.1:8080/invocations", body, kind)
    sys.stdout.write(u.urlopen(request, timeout=30).read().decode())
"""
ANSWER = """
import base64, json, pathlib, sys
from server.model import Model
from tagline.formats.document import encode_record
from tagline.imaging import SERVING, preprocess
model = Model.load(pathlib.Path(sys.argv[1]), threads=1)
for image in json.load(sys.stdin)["images"]:
    body, spec = base64.b64decode(image["body"]), model.description.image
    answer = model.answer(preprocess(body, spec, SERVING))
    sys.stdout.write(encode_record(answer).decode())
"""


def outside(name: str, *arguments: str, given: str = "", **environment: str) -> str:
    """Run a container's Python with its environment of this checkout; return what it printed."""
    return subprocess.run(
        [ROOT / f".venvs/{name}/bin/python", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        input=given,
        text=True,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}", **environment},
        timeout=120,
    ).stdout


def content(cloud: LaptopCloud) -> dict[str, bytes]:
    """Return the packed files of the run, by the paths that a training job sees."""
    s3 = cloud.client("s3")
    found = {name: s3.get_object(Bucket=BUCKET, Key=key) for name, key in PACKED.items()}
    return {name: answer["Body"].read() for name, answer in found.items()}


@pytest.fixture(scope="module")
def packed(images: Images, laptop_cloud: LaptopCloud) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """A run's packed files, made outside and then inside the image."""
    s3 = laptop_cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    paper = RunOnPaper.of(60)
    paper.image_size = SIDE
    paper.put(s3)
    given = {
        **{k: v for k, v in laptop_cloud.environment.items() if k.startswith("AWS_")},
        "TAGLINE_BUCKET": BUCKET,
        "TAGLINE_RUN": RUN,
    }
    outside("im2rec", "-m", "im2rec", "pack", **given)
    first = content(laptop_cloud)
    for key in PACKED.values():
        s3.delete_object(Bucket=BUCKET, Key=key)
    variables = (part for k, v in given.items() for part in ("--env", f"{k}={v}"))
    images.run("im2rec", options=("--network=host", *FARGATE, *variables))
    return first, content(laptop_cloud)


@pytest.fixture(scope="module")
def trained(images: Images, packed: tuple[dict[str, bytes], dict[str, bytes]]) -> Path:
    """The folder of a training job that the image has done."""
    base = images.folder / "training"
    for name, data in packed[1].items():
        write(base / "input/data" / name, data)
    asked = {
        "run": RUN,
        "num_classes": str(len(LABELS)),
        "image_shape": f"3,{SIDE},{SIDE}",
        "epochs": "4",
        "mini_batch_size": "16",
        "learning_rate": "0.004",
    }
    write(base / "input/config/hyperparameters.json", json.dumps(asked).encode())
    out = images.run("trainer", "train", options=(*SAGEMAKER, f"--volume={base}:/opt/ml"))
    assert "validation:mAP=" in out
    return base


@pytest.fixture(scope="module")
def judged(
    images: Images, packed: tuple[dict[str, bytes], dict[str, bytes]], trained: Path
) -> Path:
    """What a processing job of the image has written."""
    base = images.folder / "processing"
    for name in PACKED.keys() - {"train/train.rec"}:
        write(base / "processing/input" / name, packed[1][name])
    challenger = base / "processing/input/challenger"
    challenger.mkdir()
    with tarfile.open(challenger / "model.tar.gz", "w:gz") as archive:
        archive.add(trained / "model", ".")
    options = (*SAGEMAKER, f"--volume={base}:/opt/ml", "--env", f"TAGLINE_RUN={RUN}")
    images.run("trainer", "evaluate", options=options)
    return base / "processing/output"


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def read(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_bytes())
    return value


@pytest.mark.parametrize(("name", "user"), [("im2rec", "10001"), ("trainer", ""), ("server", "")])
def test_sagemaker_s_images_name_no_user_and_im2rec_does(
    images: Images, name: str, user: str
) -> None:
    done = images.engine("image", "inspect", "--format", "{{.Config.User}}", tag(name))
    assert done.stdout.strip() == user


def test_im2rec_packs_the_same_bytes_as_outside(
    packed: tuple[dict[str, bytes], dict[str, bytes]],
) -> None:
    first, inside = packed
    for name in ("train/train.rec", "validation/val.rec"):
        assert inside[name] == first[name]
    assert json.loads(inside["dataset/dataset.json"])["accepted"] == 60


def test_the_evaluation_finds_the_model_as_good_as_the_training_did(
    trained: Path, judged: Path
) -> None:
    assert read(judged / "metrics.json")["mAP"] == round(
        read(trained / "model/model.json")["mAP"], 6
    )
    assert "<html" in (judged / "report.html").read_text()


def test_the_server_gives_the_same_tags_as_outside_and_ends_when_told(
    images: Images, trained: Path, judged: Path
) -> None:
    engine, model = images.engine, trained / "model"
    options = ("--read-only", *SAGEMAKER, f"--volume={model}:/opt/ml/model:ro")
    container = engine("run", "--detach", *options, tag("server"), "serve").stdout.strip()
    try:
        find = ("image", "inspect", "--format", "{{json .Config.Healthcheck.Test}}", tag("server"))
        _, *ready = json.loads(engine(*find).stdout)
        eventually(lambda: engine("exec", container, *ready).returncode == 0, seconds=60)
        smoke = (judged / "smoke.json").read_text()
        python = "/opt/venv/bin/python"
        done = engine("exec", "--interactive", container, python, "-c", ASK, given=smoke)
        assert done.returncode == 0, done.stderr
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        for line, answer in zip(
            outside("server", "-c", ANSWER, str(model), given=smoke).splitlines(),
            answers,
            strict=True,
        ):
            expected = json.loads(line)
            assert answer["labels"] == expected["labels"] == LABELS
            assert answer["scores"] == pytest.approx(expected["scores"], abs=1e-5)
        for image, answer in zip(json.loads(smoke)["images"], answers, strict=True):
            assert answer["scores"] == pytest.approx(image["scores"], abs=TOLERANCE)
        engine("stop", "--time", "30", container)
        state = ("inspect", "--format", "{{.State.ExitCode}}", container)
        assert engine(*state).stdout.strip() == "0", engine("logs", container).stderr
    finally:
        engine("rm", "--force", container)
