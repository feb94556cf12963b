"""Evaluation and deployment requests, and the way back."""

from typing import Any

import pytest

from tagline.aws.s3 import Version
from tagline.formats.names import job_name
from tagline.formats.outcomes import Champion
from tagline.formats.steps import (
    Caught,
    Deploying,
    DeployingExecution,
    Fleet,
    Opponent,
    RollBackAnswer,
)
from tagline.jobs.evaluation import plan_evaluation
from tagline.jobs.sagemaker import Stack
from tagline.outcomes.roll_back import RollBackFailed, plan_roll_back
from tagline.serving.deployment import UnusableEndpoint, plan_deployment
from tagline.serving.endpoints import Endpoint
from tests.unit.documents import OTHER, RUN, champion, golden, packed_dataset, plain
from tests.unit.flow_world import assert_valid

STACK = Stack("data", "registry/tagline/trainer:latest", "ml.m5.xlarge")
ARTIFACT = "s3://data/demo/output/job/output/model.tar.gz"
CHAMPION = champion()


@pytest.mark.parametrize(
    ("found", "name"),
    [(None, "evaluation"), (Version(CHAMPION, '"0123"', {}), "evaluation_of_two")],
)
def test_a_processing_job_that_sagemaker_takes(found: Version[Champion] | None, name: str) -> None:
    planned = plain(plan_evaluation(RUN, ARTIFACT, found, packed_dataset(), STACK))
    assert planned == golden(name)
    named = {"ProcessingJobName": f"{planned['job_name']}-0", "RoleArn": "arn:aws:iam::1:role/role"}
    assert_valid("CreateProcessingJob", named | planned["request"])


def deployment(count: int, status: str | None) -> dict[str, Any]:
    planned = plan_deployment(
        run=RUN,
        artifact=ARTIFACT,
        image="registry/tagline/server:latest",
        fleet=Fleet(instance_type="ml.c5.large", instance_count=count),
        endpoint="tagline-demo",
        status=status,
    )
    return plain(planned)


@pytest.mark.parametrize(
    ("count", "status", "name"),
    [
        (1, None, "deployment_create"),
        (1, "InService", "deployment_update"),
        (2, "InService", "deployment_canary"),
    ],
)
def test_an_update_that_sagemaker_takes(count: int, status: str | None, name: str) -> None:
    planned = deployment(count, status)
    assert planned == golden(name)
    assert_valid(
        "UpdateEndpoint",
        {
            "EndpointName": planned["endpoint"],
            "EndpointConfigName": f"{planned['endpoint_config']}-0",
            "DeploymentConfig": planned["deployment_config"],
        },
    )
    assert_valid(
        "CreateModel",
        {"ModelName": f"{planned['model']}-0", "PrimaryContainer": planned["container"]},
    )
    routing = planned["deployment_config"]["BlueGreenUpdatePolicy"]
    waits = routing["TrafficRoutingConfiguration"]["WaitIntervalInSeconds"]
    waits += routing["TerminationWaitInSeconds"]
    assert routing["MaximumExecutionTimeoutInSeconds"] > waits


@pytest.mark.parametrize(("count", "canary"), [(1, False), (2, True), (5, True)])
def test_a_fleet_of_two_updates_by_canary(count: int, canary: bool) -> None:
    planned = deployment(count, "InService")
    assert planned["canary"] is canary
    assert ("AutoRollbackConfiguration" in planned["deployment_config"]) is canary
    assert planned["fleet"]["instance_count"] == count


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_an_endpoint_that_changes_is_updated_by_the_flows_own_retries(status: str) -> None:
    assert deployment(1, status)["action"] == "update"


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "Deleting"])
def test_a_broken_endpoint_is_named_with_the_command_that_clears_it(status: str) -> None:
    with pytest.raises(
        UnusableEndpoint, match=rf"is {status} .* delete-endpoint --endpoint-name tagline-demo"
    ):
        deployment(1, status)


OFF = Caught(
    error="SmokeTestFailed", cause='{"errorMessage": "off", "errorType": "SmokeTestFailed"}'
)
TAKEN = Endpoint("tagline-demo", "InService", CHAMPION.endpoint_config, None)
NEW = Endpoint("tagline-demo", "InService", f"{job_name(RUN, 'config')}-0", None)


def deploying(**changes: Any) -> DeployingExecution:
    """Return what an execution holds whose endpoint was updated."""
    held = {
        "deployment": Deploying(endpoint="tagline-demo", action="update"),
        "evaluation": Opponent(champion_run=OTHER),
    }
    return DeployingExecution(**(held | changes))


def test_back_to_the_configuration_of_the_champion() -> None:
    assert plan_roll_back(deploying(error=OFF), CHAMPION, NEW, "SmokeTest") == RollBackAnswer(
        action="restore",
        endpoint="tagline-demo",
        endpoint_config=CHAMPION.endpoint_config,
        state="SmokeTest",
        reason="SmokeTest: off.",
    )


@pytest.mark.parametrize(
    ("endpoint", "action"),
    [
        (NEW, "delete"),
        (Endpoint("tagline-demo", "Failed", "c", None), "delete"),
        (Endpoint("tagline-demo", "Deleting", "c", None), "keep"),
        (None, "keep"),
    ],
)
def test_without_a_champion_nothing_may_serve(endpoint: Endpoint | None, action: str) -> None:
    planned = plan_roll_back(deploying(error=OFF), None, endpoint, "SmokeTest")
    assert (planned.action, planned.endpoint_config) == (action, None)


@pytest.mark.parametrize(
    "endpoint",
    [None, Endpoint("tagline-demo", "Updating", CHAMPION.endpoint_config, None)],
)
def test_a_champion_that_does_not_serve_is_restored(endpoint: Endpoint | None) -> None:
    planned = plan_roll_back(deploying(), CHAMPION, endpoint, None)
    assert (planned.action, planned.endpoint_config) == ("restore", CHAMPION.endpoint_config)


def test_what_sagemaker_rolled_back_by_itself_is_kept_and_told() -> None:
    planned = plan_roll_back(deploying(), CHAMPION, TAKEN, None)
    assert (planned.action, planned.state) == ("keep", "UpdateEndpoint")
    assert planned.endpoint_config == CHAMPION.endpoint_config
    assert "alarm" in planned.reason


@pytest.mark.parametrize("serving", [None, champion(endpoint_config="older-0")])
def test_an_endpoint_that_another_run_took_over_is_left_to_it(serving: Champion | None) -> None:
    planned = plan_roll_back(deploying(), serving, TAKEN, None, rival=OTHER)
    assert (planned.action, planned.endpoint_config) == ("keep", TAKEN.config)
    assert f"run {OTHER}, of another list" in planned.reason
    assert "alarm" not in planned.reason


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        (Endpoint("e", "Failed", "c", "no capacity"), "no capacity"),
        (Endpoint("e", "Updating", "c", None), "still Updating"),
        (None, "disappeared"),
    ],
)
def test_the_reason_is_what_the_endpoint_says(endpoint: Endpoint | None, said: str) -> None:
    first = deploying(deployment=Deploying(endpoint="e", action="create"))
    planned = plan_roll_back(first, None, endpoint, None)
    assert planned.state == "CreateEndpoint"
    assert said in planned.reason


@pytest.mark.parametrize(("endpoint", "is_now"), [(NEW, "InService"), (None, "gone")])
def test_a_second_roll_back_gives_up_with_both_stories(
    endpoint: Endpoint | None, is_now: str
) -> None:
    before = RollBackAnswer(
        action="restore", endpoint="e", endpoint_config="c", state="s", reason="SmokeTest: off."
    )
    execution = deploying(error=OFF, rollback=before)
    told = rf"tagline-demo is {is_now} and did not come back to c: .*SmokeTest: off"
    with pytest.raises(RollBackFailed, match=told):
        plan_roll_back(execution, CHAMPION, endpoint, None)
