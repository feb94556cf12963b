"""What runs cost, what may be spent, and endpoints without machines or with a changing number."""

from typing import Any

import pytest

from tagline.designs import DesignSet
from tagline.formats.names import endpoint_name
from tests.e2e.pipeline import QUICK, Pipeline, list_rows

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
WEAK = {**QUICK, "learning_rate": 1e-6, "epochs": 1}


def serving(pipeline: Pipeline, dataset: str) -> dict[str, Any]:
    """Return the variant that serves a dataset."""
    name = endpoint_name("tagline", dataset)
    found = pipeline.client("sagemaker").describe_endpoint(EndpointName=name)
    (variant,) = found["ProductionVariants"]
    return dict(variant)


def test_a_serverless_champion_is_priced_and_followed_by_a_fleet_that_scales(
    pipeline: Pipeline, designs: DesignSet
) -> None:
    pipeline.put_images("thrifty", designs)
    small = {"mode": "serverless", "memory": 3072, "max_concurrency": 7}
    pipeline.settings(
        "thrifty", training={**WEAK, "spot": True, "max_runtime": 600}, endpoint=small,
        budget={"per_run": 5.0},
    )  # fmt: skip
    first = pipeline.run("thrifty", list_rows(designs))
    assert first.status["outcome"] == "Promoted", first.status
    assert serving(pipeline, "thrifty")["CurrentServerlessConfig"] == {
        "MemorySizeInMB": 3072,
        "MaxConcurrency": 7,
    }
    status, _ = pipeline.tags("thrifty", designs.held_out[0].path)
    assert status == 200
    cost = first.status["cost"]
    assert cost["unknown"] == []
    used = {state["state"]: state for state in cost["states"]}
    assert {"PlanDataset", "FetchShards", "PackDataset", "Train", "Evaluate"} <= set(used)
    assert used["Train"]["on"] == "ml.c5.4xlarge"
    assert cost["price"] == pytest.approx(sum(s["price"] for s in cost["states"]), abs=1e-5)
    assert all(state["seconds"] >= 0 for state in cost["states"])
    assert used["FetchShards"]["seconds"] > 0

    pipeline.settings("thrifty", training=QUICK, endpoint={"max_instances": 2})
    second = pipeline.run("thrifty", list_rows(designs))
    assert second.status["outcome"] == "Promoted", second.status
    assert "CurrentServerlessConfig" not in serving(pipeline, "thrifty")
    scaling = pipeline.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert target["ResourceId"].split("/")[1] == endpoint_name("tagline", "thrifty")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 2)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"budget": {"per_run": 0.5}}, "PlanTraining: budget.per_run: 1 x ml.c5.4xlarge"),
        (
            {"tuning": {"max_jobs": 51, "ranges": {"learning_rate": [0.001, 0.01]}}},
            "PlanTraining: tuning.max_jobs: 51 is more than the stack's MostTrials, 50",
        ),
        ({"endpoint": {"instance_type": "ml.g5.xlarge"}}, "PlanDataset: dataset.yaml line"),
    ],
)
def test_what_may_not_be_spent_is_refused_by_name(
    pipeline: Pipeline, designs: DesignSet, settings: dict[str, Any], said: str
) -> None:
    dataset = f"dear-{next(iter(settings))}"
    pipeline.put_images(dataset, designs)
    pipeline.settings(dataset, **settings)
    run = pipeline.run(dataset, list_rows(designs))
    assert run.status["outcome"] == "Failed"
    assert run.status["reason"].startswith(said)
    assert "Train" not in {state["state"] for state in run.status["cost"]["states"]}
