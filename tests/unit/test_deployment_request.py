"""Evaluation and deployment requests, and the way back."""

from typing import Any

import pytest

from tagline.jobs.evaluation import Champion, plan_evaluation
from tagline.jobs.training import Stack
from tagline.outcomes.roll_back import RollBackFailed, plan_roll_back
from tagline.serving.deployment import Fleet, UnusableEndpoint, plan_deployment
from tagline.serving.endpoints import Endpoint
from tests.unit.flow_world import assert_valid

RUN = "demo-0123456789abcdef"
STACK = Stack("data", "registry/tagline/trainer:latest", "arn:aws:iam::1:role/r", "ml.m5.xlarge")
ARTIFACT = "s3://data/demo/output/job/output/model.tar.gz"
CHAMPION = Champion("demo-00000000000000ff", "s3://data/demo/output/old/output/model.tar.gz", '"e"')


def evaluation(champion: Champion | None) -> dict[str, Any]:
    dataset = {"bytes": {"train": 5, "validation": 1}}
    return plan_evaluation(RUN, ARTIFACT, champion, dataset, STACK)


@pytest.mark.parametrize("champion", [None, CHAMPION])
def test_a_processing_job_that_sagemaker_takes(champion: Champion | None) -> None:
    planned = evaluation(champion)
    named = {"ProcessingJobName": f"{planned['job_name']}-0", "RoleArn": STACK.role}
    assert_valid("CreateProcessingJob", named | planned["request"])


def test_the_champion_is_an_input_only_when_there_is_one() -> None:
    alone, both = evaluation(None), evaluation(CHAMPION)
    names = [{i["InputName"] for i in p["request"]["ProcessingInputs"]} for p in (alone, both)]
    assert names == [
        {"challenger", "validation", "dataset"},
        {"challenger", "validation", "dataset", "champion"},
    ]
    assert (alone["champion_run"], alone["champion_etag"]) == (None, None)
    assert (both["champion_run"], both["champion_etag"]) == (CHAMPION.run, CHAMPION.etag)
    assert alone["request"]["Environment"] == {"TAGLINE_RUN": RUN}
    assert both["request"]["Environment"]["TAGLINE_CHAMPION_RUN"] == CHAMPION.run


def test_what_the_evaluation_writes_joins_the_run() -> None:
    output = evaluation(None)["request"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]
    assert output["S3Uri"] == f"s3://data/demo/runs/{RUN}"


def deployment(count: int, status: str | None) -> dict[str, Any]:
    return plan_deployment(
        run=RUN,
        stack="tagline",
        artifact=ARTIFACT,
        image="registry/tagline/server:latest",
        fleet=Fleet("ml.c5.large", count),
        status=status,
    )


@pytest.mark.parametrize(("count", "canary"), [(1, False), (2, True), (5, True)])
def test_a_fleet_of_two_updates_by_canary(count: int, canary: bool) -> None:
    planned = deployment(count, "InService")
    assert planned["canary"] is canary
    policy = planned["deployment_config"]
    assert ("AutoRollbackConfiguration" in policy) is canary
    request = {
        "EndpointName": planned["endpoint"],
        "EndpointConfigName": f"{planned['endpoint_config']}-0",
        "DeploymentConfig": policy,
    }
    assert_valid("UpdateEndpoint", request)
    routing = policy["BlueGreenUpdatePolicy"]
    waits = routing["TrafficRoutingConfiguration"]["WaitIntervalInSeconds"]
    waits += routing["TerminationWaitInSeconds"]
    assert routing["MaximumExecutionTimeoutInSeconds"] > waits


def test_the_first_deployment_creates() -> None:
    assert deployment(1, None)["action"] == "create"
    assert deployment(1, "InService")["action"] == "update"


def test_a_broken_endpoint_is_named_with_the_command_that_clears_it() -> None:
    with pytest.raises(UnusableEndpoint, match=r"delete-endpoint --endpoint-name tagline-demo"):
        deployment(1, "Failed")


STATE: dict[str, Any] = {
    "deployment": {"endpoint": "tagline-demo", "action": "update"},
    "error": {
        "Error": "SmokeTestFailed",
        "Cause": '{"errorMessage": "off", "errorType": "SmokeTestFailed"}',
    },
}
OLD = {"endpoint_config": "tagline-old-config-0"}
NEW = Endpoint("tagline-demo", "InService", "tagline-new-config-0", None)


def test_back_to_the_configuration_of_the_champion() -> None:
    planned = plan_roll_back(STATE, OLD, NEW, "SmokeTest")
    assert planned["action"] == "restore"
    assert planned["endpoint_config"] == OLD["endpoint_config"]
    assert planned["state"] == "SmokeTest"
    assert planned["reason"] == "SmokeTest: off."


def test_without_a_champion_nothing_may_serve() -> None:
    assert plan_roll_back(STATE, None, NEW, "SmokeTest")["action"] == "delete"
    assert plan_roll_back(STATE, None, None, "SmokeTest")["action"] == "keep"


def test_what_sagemaker_rolled_back_by_itself_is_kept_and_told() -> None:
    back = Endpoint("tagline-demo", "InService", OLD["endpoint_config"], None)
    state = {"deployment": STATE["deployment"]}
    planned = plan_roll_back(state, OLD, back, None)
    assert (planned["action"], planned["state"]) == ("keep", "UpdateEndpoint")
    assert "alarm" in planned["reason"]


@pytest.mark.parametrize("champion", [None, OLD])
def test_an_endpoint_that_another_run_took_over_is_left_to_it(champion: dict[str, str]) -> None:
    taken = Endpoint("tagline-demo", "InService", "tagline-00000000000000ff-config-0", None)
    state = {"deployment": STATE["deployment"]}
    planned = plan_roll_back(state, champion, taken, None, rival="demo-00000000000000ff")
    assert planned["action"] == "keep"
    assert "demo-00000000000000ff" in planned["reason"]
    assert "alarm" not in planned["reason"]


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        (Endpoint("e", "Failed", "c", "no capacity"), "no capacity"),
        (Endpoint("e", "Updating", "c", None), "still Updating"),
        (None, "disappeared"),
    ],
)
def test_the_reason_is_what_the_endpoint_says(endpoint: Endpoint | None, said: str) -> None:
    state = {"deployment": {"endpoint": "e", "action": "create"}}
    planned = plan_roll_back(state, None, endpoint, None)
    assert planned["state"] == "CreateEndpoint"
    assert said in planned["reason"]


def test_a_second_roll_back_gives_up_with_both_stories() -> None:
    state = STATE | {"rollback": {"endpoint_config": "c", "reason": "SmokeTest: off."}}
    with pytest.raises(RollBackFailed, match=r"did not come back to c.*SmokeTest: off"):
        plan_roll_back(state, OLD, NEW, None)
