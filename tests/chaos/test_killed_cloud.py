"""kill -9 of the laptop cloud, at any moment: each list ends in a run, each run in a status."""

import signal

import pytest

from tagline.designs import DesignSet
from tests.chaos.conftest import DATASET, OnLaptop, Start, alerts
from tests.e2e.pipeline import Pipeline, Run, list_rows
from tests.integration.test_laptop_cloud_lifecycle import processes_with
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow]


def kill(pipeline: OnLaptop) -> None:
    pipeline.cloud.process.send_signal(signal.SIGKILL)
    eventually(lambda: processes_with(pipeline.cloud.endpoint) == [])


def entered(pipeline: Pipeline, run: str) -> list[str]:
    arn = pipeline.execution(run)
    if run not in pipeline.executions():
        return []
    return pipeline.states_entered(Run(run, {"executionArn": arn}, {}))


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
        eventually(lambda: entered(pipeline, run)[-1:] == [state], seconds=120)
        kill(pipeline)
    with start() as pipeline:
        ended = pipeline.wait(run)
        assert ended.execution["status"] == "ABORTED"
        assert (ended.status["outcome"], ended.status["state"]) == ("Failed", state)
        told = eventually(lambda: alerts(pipeline))
        assert [(alert["run"], alert["state"]) for alert in told] == [(run, state)]
        again = pipeline.run(DATASET, list_rows(designs))
        assert again.status["outcome"] == "Promoted"
