"""A run that broke off after packing goes on from there: nothing is packed or trained twice."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tagline.cli.main import app
from tagline.cli.retry import resume, state_to_resume
from tagline.designs import DesignSet
from tagline.formats.keys import DatasetKeys, RunKeys
from tests.e2e.pipeline import Pipeline, list_rows, soon, unique

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
DATASET = unique("resumed")


@pytest.mark.parametrize("state", ["Train", "Evaluate"])
def test_a_run_that_was_stopped_goes_on_from_there(
    pipeline: Pipeline, designs: DesignSet, state: str
) -> None:
    pipeline.put_images(DATASET, designs)
    weak = {"epochs": 2, "learning_rate": 1e-6}
    pipeline.settings(DATASET, training=weak if state == "Train" else {"epochs": 4})
    run = pipeline.drop(DATASET, list_rows(designs), state.lower())
    soon(lambda: pipeline.entered(run)[-1:] == [state])
    pipeline.states.stop_execution(executionArn=pipeline.execution(run))
    soon(lambda: pipeline.target.bucket.head(RunKeys(run).status))
    assert pipeline.json(RunKeys(run).status)["outcome"] == "Failed"

    assert state_to_resume(pipeline.target, run) == state
    resume(pipeline.target, run)
    ended = pipeline.wait(run)
    assert ended.status["outcome"] == "Promoted", ended.status
    entered = pipeline.entered(run)
    for before in ("PlanDataset", "PackDataset", "PlanTraining"):
        assert entered.count(before) == 1
    assert entered.count("Train") == (2 if state == "Train" else 1)
    champion = pipeline.json(DatasetKeys(DATASET).champion)
    assert champion["run"] == run
    assert ("-train-100" if state == "Train" else "-train-000") in champion["artifact"]
    assert pipeline.tags(DATASET, designs.held_out[0].path)[1]["model"]["run"] == run


def test_a_run_that_ended_well_is_not_resumed(pipeline: Pipeline) -> None:
    run = pipeline.json(DatasetKeys(DATASET).champion)["run"]
    environment: dict[str, Any] = {}
    if pipeline.target.endpoint:
        environment = {"AWS_ENDPOINT_URL": pipeline.target.endpoint}
    result = CliRunner().invoke(
        app, ["retry", run, "--stack", pipeline.target.stack], env=environment
    )
    assert result.exit_code == 1
    assert "ended Promoted" in result.stderr
    assert json.dumps(run)[1:-1] in result.stderr
