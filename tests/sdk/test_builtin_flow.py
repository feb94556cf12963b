"""A run of the flow by SageMaker's own algorithm, emulated: its model is judged and served."""

import io
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest

from tagline.cli.cloud import RunningCloud
from tagline.designs import DesignSet, draw_designs
from tests.e2e.pipeline import Pipeline

pytestmark = [pytest.mark.cloud, pytest.mark.laptop, pytest.mark.slow]
QUICK = {"epochs": 3, "mini_batch_size": 8, "learning_rate": 0.004}
IMAGE = {"size": 32}


@pytest.fixture(scope="module")
def pipeline(cloud: RunningCloud) -> Pipeline:
    return Pipeline(cloud.target)


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory) -> DesignSet:
    return draw_designs(tmp_path_factory.mktemp("designs"), count=90, seed=11, held_out=3)


def settings(**training: object) -> dict[str, Any]:
    """Return a dataset.yaml of the built-in algorithm."""
    return {
        "image": IMAGE,
        "training": {"algorithm": "builtin", **QUICK, **training},
        "promotion": {"confidence": 0},
    }


def put(pipeline: Pipeline, designs: DesignSet, dataset: str, wanted: Mapping[str, Any]) -> None:
    pipeline.put_images(dataset, designs)
    pipeline.settings(dataset, **wanted)


@pytest.fixture(scope="module")
def trained(pipeline: Pipeline, designs: DesignSet) -> dict[str, Any]:
    """The first run of a dataset, by a search of two trials: what it left."""
    search = {"max_jobs": 2, "ranges": {"learning_rate": [0.002, 0.008]}}
    put(pipeline, designs, "builtin", settings() | {"tuning": search})
    run = pipeline.run("builtin", designs.list_path.read_bytes())
    assert run.status["outcome"] == "Promoted", run.status["reason"]
    champion: dict[str, Any] = pipeline.json("builtin/champion.json")
    return champion


def test_its_model_is_converted_judged_and_served(
    pipeline: Pipeline, designs: DesignSet, trained: dict[str, Any]
) -> None:
    assert trained["artifact"].endswith("/served/model.tar.gz")
    key = trained["artifact"].partition(f"{pipeline.bucket}/")[2]
    with tarfile.open(fileobj=io.BytesIO(pipeline.read(key))) as tar:
        assert sorted(tar.getnames()) == ["model.json", "model.onnx"]
    metrics = pipeline.json(f"builtin/runs/{trained['run']}/metrics.json")
    assert metrics["mAP"] == trained["mAP"] > metrics["baseline_map"]
    status, answer = pipeline.tags("builtin", designs.held_out[0].path)
    assert (status, answer["model"]["run"]) == (200, trained["run"])
    assert {tag["label"] for tag in answer["tags"]} <= set(designs.labels_path.read_text().split())


def test_the_search_was_after_its_own_metric(pipeline: Pipeline, trained: dict[str, Any]) -> None:
    trials = pipeline.json(f"builtin/runs/{trained['run']}/trials.json")
    assert trials["metric"] == "validation:accuracy"
    assert len(trials["trials"]) == 2
    assert all(0 < trial["objective"] <= 1 for trial in trials["trials"])
    sagemaker = pipeline.client("sagemaker")
    job = sagemaker.describe_training_job(TrainingJobName=trials["best"])
    image = job["AlgorithmSpecification"]["TrainingImage"]
    assert image == "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
    assert job["ResourceConfig"]["InstanceType"] == "ml.g4dn.xlarge"
    said = [each["StatusMessage"] for each in job["SecondaryStatusTransitions"]]
    assert any("image-classification is emulated by tagline/trainer" in each for each in said)


def test_ours_is_judged_against_it_on_the_same_images(
    pipeline: Pipeline, designs: DesignSet, trained: dict[str, Any]
) -> None:
    pipeline.settings("builtin", image=IMAGE, training=QUICK | {"algorithm": "ours"})
    run = pipeline.run("builtin", designs.list_path.read_bytes(), name="again")
    metrics = pipeline.json(f"builtin/runs/{run.name}/metrics.json")
    assert metrics["champion"]["run"] == trained["run"]
    assert metrics["champion"]["mAP"] == pytest.approx(trained["mAP"], abs=1e-6)


def test_what_it_would_fail_of_is_refused_before_it_trains(
    pipeline: Pipeline, designs: DesignSet
) -> None:
    put(pipeline, designs, "refused", settings(mini_batch_size=64))
    jobs = pipeline.training_jobs()
    run = pipeline.run("refused", designs.list_path.read_bytes())
    assert run.status["outcome"] == "Failed"
    assert "PlanTraining: training.mini_batch_size: 64 is more than the " in run.status["reason"]
    assert pipeline.training_jobs() == jobs
