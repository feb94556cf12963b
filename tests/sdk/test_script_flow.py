"""`training.script`: a script of a person's own within a run, judged and served, or refused."""

import io
import tarfile
from typing import Any

import pytest

from tagline.cli.cloud import RunningCloud
from tagline.designs import DesignSet, draw_designs
from tagline.formats.keys import DatasetKeys, RunKeys
from tests.e2e.pipeline import Pipeline
from tests.laptop import REPOSITORY

SOURCE = REPOSITORY / "examples/script-mode/source"
OWN = {"epochs": 4, "batch-size": 8, "learning-rate": 0.005}
pytestmark = [pytest.mark.cloud, pytest.mark.laptop, pytest.mark.slow]

RAISES = "raise ValueError('there is nothing to learn here')\n"
LEAVES_NO_NETWORK = """
import os, json
json.dump({"labels": ["a"], "image": {}}, open(os.environ["SM_MODEL_DIR"] + "/model.json", "w"))
"""
OTHER_PIXELS = """
import os, json, network
from tagline_script.handing_on import hand_on
from tagline_script.records import packed_dataset
dataset = packed_dataset()
net = network.build(len(dataset.labels))
net.initialize()
hand_on(net, dataset)
path = os.environ["SM_MODEL_DIR"] + "/model.json"
made = json.load(open(path))
made["image"]["background"] = "#000000"
json.dump(made, open(path, "w"))
"""


@pytest.fixture(scope="module")
def pipeline(cloud: RunningCloud) -> Pipeline:
    if not (REPOSITORY / ".venvs/mxnet-training").is_dir():
        pytest.skip("no .venvs/mxnet-training: `make install` needs a C compiler for it")
    return Pipeline(cloud.target)


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory) -> DesignSet:
    return draw_designs(tmp_path_factory.mktemp("designs"), count=90, seed=11, held_out=3)


def archive(**files: str) -> bytes:
    """Return the example's scripts, and others, as SageMaker's SDK packs them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path in sorted(SOURCE.glob("*.py")):
            tar.add(path, path.name)
        for name, text in files.items():
            member = tarfile.TarInfo(f"{name}.py")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def drop(
    pipeline: Pipeline, designs: DesignSet, dataset: str, sources: bytes, **training: Any
) -> str:
    """Drop a list whose run trains by a script; return the run."""
    key = f"{DatasetKeys(dataset).scripts}sourcedir.tar.gz"
    pipeline.put(key, sources)
    pipeline.put_images(dataset, designs)
    asked = {"script": f"s3://{pipeline.bucket}/{key}", **training}
    pipeline.settings(dataset, training=asked)
    return pipeline.drop(dataset, designs.list_path.read_bytes())


def test_runs_by_scripts(pipeline: Pipeline, designs: DesignSet) -> None:
    """Three runs side by side: one whose model serves, and two that break the agreement."""
    own = archive(raises=RAISES, leaves=LEAVES_NO_NETWORK, pixels=OTHER_PIXELS)
    serves = drop(pipeline, designs, "own", own, entry="tagger.py", hyperparameters=OWN)
    failing = {
        entry: drop(pipeline, designs, f"own-{entry}", own, entry=f"{entry}.py")
        for entry in ("raises", "leaves", "pixels")
    }

    run = pipeline.wait(serves)
    assert run.status["outcome"] == "Promoted", run.status["reason"]
    champion = pipeline.json(DatasetKeys("own").champion)
    metrics = pipeline.json(RunKeys(serves).of("metrics.json"))
    assert metrics["mAP"] == champion["mAP"] > metrics["baseline_map"]
    card = pipeline.json(RunKeys(serves).of("model_card.json"))
    assert card["model"]["network"] == "small Gluon network"
    assert card["model"]["hyperparameters"] == {
        "epochs": "4",
        "batch_size": "8",
        "learning_rate": "0.005",
    }
    status, answer = pipeline.tags("own", designs.held_out[0].path)
    assert (status, answer["model"]["run"]) == (200, serves)

    said = {
        "raises": "Train: AlgorithmError: ExecuteUserScriptError:",
        "leaves": "model.tar.gz cannot be read as model.tar.gz: 'no model.onnx in it'",
        "pixels": "input 'challenger': model.json: image.background: #000000 is not how",
    }
    for entry, words in said.items():
        failed = pipeline.wait(failing[entry]).status
        assert failed["outcome"] == "Failed"
        assert words in failed["reason"], (entry, failed["reason"])
        if entry == "raises":
            assert "ValueError: there is nothing to learn here" in failed["reason"]


def test_a_script_that_cannot_run_costs_nothing(pipeline: Pipeline, designs: DesignSet) -> None:
    jobs = pipeline.training_jobs()
    run = drop(pipeline, designs, "own-none", archive(), entry="tager.py")
    status = pipeline.wait(run).status
    assert status["outcome"] == "Failed"
    assert "PlanDataset: training.script: " in status["reason"]
    assert "it has no file tager.py (it has network.py, tagger.py, train.py)" in status["reason"]
    assert pipeline.training_jobs() == jobs
