"""The image of script mode: a script in a job's folder, and the model it hands on, evaluated."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.integration.test_container_files import IMPORT_ALL, copy_program
from tests.integration.trainer_jobs import (
    LABELS,
    ROOT,
    RUN,
    cut,
    processing_job,
    read_json,
    run,
    training_job,
    write,
)
from tests.measured import measured

pytestmark = pytest.mark.slow
SOURCE = ROOT / "examples/script-mode/source"
IMAGE = ROOT / ".venvs/mxnet-training"


@pytest.fixture(autouse=True)
def _image() -> None:
    if not IMAGE.is_dir():
        pytest.skip("no .venvs/mxnet-training: `make install` needs a C compiler for it")


def job(base: Path, entry: str, source: Path = SOURCE, **hyperparameters: object) -> Path:
    """Lay a job out whose script is its channel `code`, as a run's is."""
    training_job(base)
    (base / "input/data/code").mkdir()
    (base / "output").mkdir()
    with tarfile.open(base / "input/data/code/sourcedir.tar.gz", "w:gz") as archive:
        archive.add(source, ".")
    asked = hyperparameters | {
        "sagemaker_program": entry,
        "sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz",
    }
    asked = {name: json.dumps(value) for name, value in asked.items()}
    config = base / "input/config"
    write(config / "hyperparameters.json", json.dumps(asked).encode())
    channels = ("train", "validation", "dataset", "code")
    known = {name: {"TrainingInputMode": "File"} for name in channels}
    write(config / "inputdataconfig.json", json.dumps(known).encode())
    hosts = {"current_host": "localhost", "hosts": ["localhost"], "network_interface_name": "lo"}
    write(config / "resourceconfig.json", json.dumps(hosts).encode())
    return base


def train(base: Path) -> "subprocess.CompletedProcess[str]":
    """Run the image's entry point."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_TRAINING_MODULE": "tagline_script.training:main",
        "OMP_NUM_THREADS": "1",
        "HOME": str(base),
        **measured(),
    }
    return subprocess.run(
        [IMAGE / "bin/train", "train"],
        check=False,
        cwd=base,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_what_a_script_hands_on_is_evaluated(tmp_path: Path) -> None:
    base = job(tmp_path / "train", "tagger.py", epochs=6)
    cut(base / "input/data/train/train.rec", 40, 1, 55)
    done = train(base)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "epoch=5 train:loss=" in done.stdout
    model = read_json(base / "model/model.json")
    assert (model["run"], model["labels"]) == (RUN, LABELS)
    assert model["hyperparameters"]["epochs"] == "6"
    evaluated = processing_job(tmp_path / "evaluate", base)
    done = run("evaluate", evaluated)
    assert done.returncode == 0, done.stderr
    metrics = read_json(evaluated / "processing/output/metrics.json")
    assert metrics["mAP"] > 0.7  # label frequencies reach 0.4


WRONG_NETWORK = """
from mxnet.gluon import nn
from tagline_script.handing_on import hand_on
from tagline_script.records import packed_dataset
net = nn.HybridSequential()
net.add(nn.GlobalMaxPool2D(), nn.Dense(7))
net.initialize()
hand_on(net, packed_dataset())
"""
LONG = "raise RuntimeError('a' * 2000 + 'the end')\n"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (WRONG_NETWORK, 'a logit for each of the 4 labels is expected, (1, 4)"'),
        (LONG, 'aaaathe end"'),
        ("import sys; sys.exit('no data for Tuesday')\n", 'ErrorMessage "no data for Tuesday"'),
        ("import os; os._exit(3)\n", 'ExitCode 3\nErrorMessage ""'),
        ("import os; os.kill(os.getpid(), 9)\n", "ExitCode -9"),
    ],
    ids=["network", "long", "exit", "silent", "killed"],
)
def test_what_fails_is_told(tmp_path: Path, script: str, told: str) -> None:
    """In the failure file, of which SageMaker shows 1,024 characters: the script's own words."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(script)
    base = job(tmp_path / "train", "train.py", source)
    done = train(base)
    assert done.returncode == 1, done.stdout + done.stderr
    failure = (base / "output/failure").read_text()
    assert failure.startswith("ExecuteUserScriptError:\nExitCode ")
    assert told in failure[:1000]


def test_the_copied_files_and_the_lock_are_enough(tmp_path: Path) -> None:
    copy_program(ROOT / "containers/mxnet-training/Dockerfile", tmp_path)
    (tmp_path / "trainer/torch_engine").rename(tmp_path / "without")
    done = subprocess.run(
        [IMAGE / "bin/python", "-c", IMPORT_ALL, "tagline_script", "trainer", "tagline.formats"],
        check=False,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert all(line.startswith(str(tmp_path)) for line in done.stdout.splitlines())
