"""Whatever happens to a run or to its endpoint, the champion serves, and the next list heals."""

import re
from typing import Any

import pytest

from tagline.cli.redeploy import redeploy
from tagline.designs import DesignSet
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import trial_name
from tests.e2e.pipeline import QUICK, Pipeline, list_rows, soon, unique

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
DATASET = unique("lasting")


@pytest.fixture(scope="module")
def champion(pipeline: Pipeline, designs: DesignSet) -> str:
    """A champion that hardly learned anything, so that any challenger beats it."""
    pipeline.put_images(DATASET, designs)
    pipeline.settings(DATASET, training={**QUICK, "learning_rate": 1e-6, "epochs": 1})
    run = pipeline.run(DATASET, list_rows(designs))
    assert run.status["outcome"] == "Promoted", run.status
    return run.name


def serving(pipeline: Pipeline, designs: DesignSet) -> str | None:
    """Return the run whose model answers, None while nobody does."""
    status, answer = pipeline.tags(DATASET, designs.held_out[0].path)
    return answer["model"]["run"] if status == 200 else None


@pytest.mark.parametrize("tests", [1, 2], ids=["of the trial", "of the endpoint"])
def test_a_run_that_is_stopped_in_a_smoke_test_leaves_the_champion_serving(
    pipeline: Pipeline, designs: DesignSet, champion: str, tests: int
) -> None:
    pipeline.settings(DATASET, training={**QUICK, "epochs": 3 + tests})
    run = pipeline.drop(DATASET, list_rows(designs))
    arn = pipeline.execution(run)

    pipeline.let_smoke_tests_last(run)
    soon(lambda: pipeline.entered(run).count("SmokeTest") == tests)
    pipeline.states.stop_execution(executionArn=arn)
    key = RunKeys(run).status
    soon(lambda: pipeline.target.bucket.head(key))
    ended = pipeline.json(key)
    assert (ended["outcome"], ended["state"]) == ("Failed", "SmokeTest")
    back = soon(lambda: _ended(pipeline, pipeline.execution(f"{run}-restore-1")))
    assert back["status"] == "SUCCEEDED", back
    assert pipeline.json(DatasetKeys(DATASET).champion)["run"] == champion
    assert serving(pipeline, designs) == champion
    soon(lambda: trial_name("tagline", DATASET) not in _endpoints(pipeline))  # once it is deleted


def _endpoints(pipeline: Pipeline) -> set[str]:
    found = pipeline.client("sagemaker").list_endpoints()["Endpoints"]
    return {endpoint["EndpointName"] for endpoint in found}


def test_an_endpoint_that_was_deleted_comes_back_with_the_same_list(
    pipeline: Pipeline, designs: DesignSet, champion: str
) -> None:
    before = pipeline.json(DatasetKeys(DATASET).champion)
    jobs = pipeline.training_jobs()
    sagemaker = pipeline.client("sagemaker")
    assert pipeline.answer(f"datasets/{DATASET}")["health"]["serves"] is True
    sagemaker.delete_endpoint(EndpointName=before["endpoint"])
    assert pipeline.answer(f"datasets/{DATASET}")["health"]["serves"] is False
    assert pipeline.answer("healthz")["code"] == "not_serving"
    pipeline.settings(DATASET, training={**QUICK, "learning_rate": 1e-6, "epochs": 1})
    run = pipeline.run(DATASET, list_rows(designs))
    assert run.status["outcome"] == "Redeployed", run.status
    assert champion in run.status["reason"]
    assert serving(pipeline, designs) == champion
    assert pipeline.json(DatasetKeys(DATASET).champion) == before
    assert pipeline.training_jobs() == jobs
    assert pipeline.answer(f"datasets/{DATASET}")["health"]["serves"] is True
    quick = {**QUICK, "learning_rate": 1e-6, "epochs": 1}
    pipeline.settings(DATASET, training=quick, thresholds={"red": 0.15})
    again = pipeline.run(DATASET, list_rows(designs))
    assert again.status["outcome"] == "Unchanged", again.status
    assert re.search(
        r"; threshold of red: \d\.\d{4} -> 0\.15 by hand, in force", again.status["reason"]
    )


def test_an_endpoint_that_was_deleted_comes_back_when_a_person_says_so(
    pipeline: Pipeline, designs: DesignSet, champion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagline.cli.redeploy.find_target", lambda _stack: pipeline.target)
    before = pipeline.json(DatasetKeys(DATASET).champion)
    pipeline.client("sagemaker").delete_endpoint(EndpointName=before["endpoint"])
    redeploy(DATASET, wait=True, stack="tagline", as_json=True)  # exits unless it serves
    assert serving(pipeline, designs) == champion
    assert pipeline.json(DatasetKeys(DATASET).champion) == before


def test_the_last_of_three_lists_decides(
    pipeline: Pipeline, designs: DesignSet, champion: str
) -> None:
    rows = list_rows(designs)
    runs = [
        pipeline.drop(DATASET, rows[:-1], "one"),
        pipeline.drop(DATASET, rows[:-2], "two"),
        pipeline.drop(DATASET, rows, "three"),
    ]
    first, second, last = (pipeline.wait(run).status for run in runs)
    assert last["outcome"] == "Unchanged", last
    assert (first["outcome"], second["outcome"]) == ("Superseded", "Superseded"), (first, second)
    assert serving(pipeline, designs) == champion


def _ended(pipeline: Pipeline, arn: str) -> Any:
    try:
        found = pipeline.states.describe_execution(executionArn=arn)
    except pipeline.states.exceptions.ExecutionDoesNotExist:
        return None
    return found if found["status"] != "RUNNING" else None
