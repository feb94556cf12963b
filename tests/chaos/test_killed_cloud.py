"""kill -9 of the laptop cloud, at any moment: each list ends in a run, each run in a status."""

import signal

import pytest

from tagline.designs import DesignSet
from tagline.formats.keys import DatasetKeys
from tagline.formats.names import trial_name
from tests.chaos.conftest import DATASET, Start, alerts
from tests.e2e.pipeline import QUICK, OnLaptop, list_rows
from tests.integration.test_laptop_cloud_lifecycle import processes_with
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow]


def kill(pipeline: OnLaptop) -> None:
    pipeline.cloud.process.send_signal(signal.SIGKILL)
    eventually(lambda: processes_with(pipeline.cloud.endpoint) == [])


def test_a_list_dropped_just_before_the_kill_is_run_after_it(
    start: Start, designs: DesignSet
) -> None:
    with start() as pipeline:
        run = pipeline.drop(DATASET, list_rows(designs))
        kill(pipeline)
    with start() as pipeline:
        assert pipeline.wait(run).status["outcome"] == "Promoted"
        assert pipeline.executions() == [run]


@pytest.mark.parametrize("state", ["PlanDataset", "FetchShards", "PackDataset", "Train"])
def test_a_run_that_a_kill_ended_says_so_and_the_next_one_works(
    start: Start, designs: DesignSet, state: str
) -> None:
    with start() as pipeline:
        run = pipeline.drop(DATASET, list_rows(designs))
        eventually(lambda: pipeline.entered(run)[-1:] == [state], seconds=120)
        kill(pipeline)
    with start() as pipeline:
        ended = pipeline.wait(run)
        assert ended.execution["status"] == "ABORTED"
        assert (ended.status["outcome"], ended.status["state"]) == ("Failed", state)
        told = eventually(lambda: alerts(pipeline))
        assert [(alert["run"], alert["state"]) for alert in told] == [(run, state)]
        again = pipeline.run(DATASET, list_rows(designs))
        assert again.status["outcome"] == "Promoted"


@pytest.mark.parametrize("tests", [1, 2], ids=["of the trial", "of the endpoint"])
def test_the_champion_serves_after_a_kill_in_a_smoke_test(
    start: Start, designs: DesignSet, tests: int
) -> None:
    with start() as pipeline:
        pipeline.settings(DATASET, training={**QUICK, "learning_rate": 1e-6, "epochs": 1})
        champion = pipeline.run(DATASET, list_rows(designs))
        assert champion.status["outcome"] == "Promoted"
        pipeline.settings(DATASET, training={**QUICK, "epochs": 4})
        run = pipeline.drop(DATASET, list_rows(designs))
        pipeline.let_smoke_tests_last(run)
        eventually(lambda: pipeline.entered(run).count("SmokeTest") == tests, seconds=120)
        kill(pipeline)
    with start() as pipeline:
        ended = pipeline.wait(run).status
        assert (ended["outcome"], ended["state"]) == ("Failed", "SmokeTest")
        eventually(lambda: pipeline.entered(f"{run}-restore-1")[-1:] == ["Done"], seconds=120)
        assert pipeline.json(DatasetKeys(DATASET).champion)["run"] == champion.name
        status, answer = pipeline.tags(DATASET, designs.held_out[0].path)
        assert (status, answer["model"]["run"]) == (200, champion.name)
        found = pipeline.client("sagemaker").list_endpoints()["Endpoints"]
        names = {endpoint["EndpointName"] for endpoint in found}
        assert trial_name("tagline", DATASET) not in names
        assert len(names) == 1
