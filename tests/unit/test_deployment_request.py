"""Evaluation and deployment requests, and the way back."""

from typing import Any

import pytest
from msgspec.structs import replace

from tagline.aws.s3 import Version
from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.names import endpoint_name, job_name, trial_name
from tagline.formats.outcomes import Champion, Decision
from tagline.formats.packed import BySide, PackedDataset
from tagline.formats.sagemaker import ServerlessConfig, Variant
from tagline.formats.steps import (
    Caught,
    Deploying,
    DeployingExecution,
    EvaluationAnswer,
    Opponent,
    PlanFacts,
    Restore,
    RollBackAnswer,
)
from tagline.formats.tasks import Task
from tagline.jobs.evaluation import plan_evaluation
from tagline.jobs.sagemaker import Stack
from tagline.outcomes.roll_back import Found, RollBackFailed, plan_roll_back
from tagline.serving.deployment import plan_deployment, plan_trial
from tagline.serving.endpoints import Endpoint, ailment
from tagline.serving.machines import scaling_of
from tests.unit.documents import GIB, OTHER, RUN, champion, golden, packed_dataset, plain
from tests.unit.flow_world import assert_valid

STACK = Stack("tagline", "data", "registry/tagline/trainer:latest", "ml.m5.xlarge")
ARTIFACT = "s3://data/demo/output/job/output/model.tar.gz"
CHAMPION = champion()


def evaluation(
    found: Version[Champion] | None, dataset: PackedDataset, gone: str | None = None
) -> EvaluationAnswer:
    return plan_evaluation(RUN, ARTIFACT, found, dataset, STACK, confidence=0.85, gone=gone)


@pytest.mark.parametrize(
    ("found", "name"),
    [(None, "evaluation"), (Version(CHAMPION, '"0123"', {}), "evaluation_of_two")],
)
def test_a_processing_job_that_sagemaker_takes(found: Version[Champion] | None, name: str) -> None:
    planned = plain(evaluation(found, packed_dataset()))
    assert planned == golden(name)
    named = {"ProcessingJobName": f"{planned['job_name']}-0", "RoleArn": "arn:aws:iam::1:role/role"}
    assert_valid("CreateProcessingJob", named | planned["request"])


def test_single_labels_are_judged_by_what_the_reject_option_asks() -> None:
    told = plan_evaluation(
        RUN, ARTIFACT, None, packed_dataset(task=Task.SINGLE), STACK, confidence=0.85, accuracy=0.8
    )
    environment = plain(told)["request"]["Environment"]
    assert environment["TAGLINE_REJECT_ACCURACY"] == "0.8"


def test_the_test_images_are_handed_over_where_there_are_any() -> None:
    sizes = BySide(train=0, validation=15 * GIB, test=40 * GIB)
    tested = packed_dataset(test=100, bytes=sizes)
    request = plain(evaluation(None, tested))["request"]
    handed = {i["InputName"]: i["S3Input"] for i in request["ProcessingInputs"]}
    assert list(handed) == ["challenger", "validation", "dataset", "verdicts", "test"]
    assert handed["test"]["S3Uri"] == f"s3://data/demo/runs/{RUN}/test/"
    assert handed["test"]["LocalPath"] == "/opt/ml/processing/input/test"
    assert request["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"] == 131
    listed = plain(evaluation(None, packed_dataset(rows=100_000_000, bytes=sizes)))["request"]
    assert listed["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"] == 242  # 2 x 60 GB more


def test_a_champion_of_whom_nobody_knows_what_it_learned_is_not_compared() -> None:
    """Its files are not asked for, which would fail the job."""
    gone = f"demo/runs/{OTHER}/images.jsonl"
    found = Version(CHAMPION, '"0123"', {})
    request = plain(evaluation(found, packed_dataset(), gone))["request"]
    handed = {i["InputName"] for i in request["ProcessingInputs"]}
    assert handed == {"challenger", "champion", "validation", "dataset", "verdicts"}
    assert request["Environment"]["TAGLINE_NOT_COMPARED"] == (
        f"s3://data/{gone} is gone, so nobody knows which images it was trained on"
    )


def deployment(
    variant: int | Variant, status: str | None, serverless: bool = False
) -> dict[str, Any]:
    if isinstance(variant, int):
        variant = Variant(instance_type="ml.c5.large", initial_instance_count=variant)
    found = Endpoint("tagline-demo", status, "c", None, serverless) if status else None
    planned = plan_deployment(
        stack="tagline",
        run=RUN,
        artifact=ARTIFACT,
        image="registry/tagline/server:latest",
        variant=variant,
        scaling=None,
        endpoint="tagline--demo-50876c98a6b2",
        found=found,
        trial=plan_trial("tagline", RUN, trial_name("tagline", "demo"), None, variant),
        wanted=EndpointSettings(),
        bake=90,
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
    assert "AutoRollbackConfiguration" in planned["deployment_config"]  # also of one instance
    assert planned["variant"]["InitialInstanceCount"] == count
    assert planned["trial"]["variant"]["InitialInstanceCount"] == 1


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_an_endpoint_that_changes_is_updated_by_the_flows_own_retries(status: str) -> None:
    assert deployment(1, status)["action"] == "update"


@pytest.mark.parametrize("status", ["Failed", "OutOfService"])
def test_a_broken_endpoint_is_made_anew(status: str) -> None:
    assert deployment(1, status)["action"] == "replace"


def test_an_endpoint_that_is_being_deleted_is_created_once_it_is_gone() -> None:
    assert deployment(1, "Deleting")["action"] == "create"


SERVERLESS = Variant(serverless_config=ServerlessConfig(memory_size_in_mb=3072, max_concurrency=7))


def test_a_serverless_endpoint_has_no_fleet_no_canary_and_no_isolated_model() -> None:
    planned = deployment(SERVERLESS, "InService", serverless=True)
    assert (planned["action"], planned["canary"]) == ("update", False)
    assert planned["serverless"] is True
    assert planned["trial"]["variant"] == planned["variant"]
    assert planned["network_isolation"] is False  # which SageMaker refuses with it
    variants = [planned["variant"] | {"ModelName": "m-0"}]
    assert_valid(
        "CreateEndpointConfig", {"EndpointConfigName": "c-0", "ProductionVariants": variants}
    )


@pytest.mark.parametrize(
    ("variant", "serverless", "status", "action"),
    [
        (SERVERLESS, False, "InService", "replace"),
        (1, True, "InService", "replace"),
        (SERVERLESS, True, "InService", "update"),
        (SERVERLESS, False, "Deleting", "create"),
        (SERVERLESS, False, None, "create"),
    ],
)
def test_an_endpoint_of_the_other_mode_is_made_anew(
    variant: int | Variant, serverless: bool, status: str | None, action: str
) -> None:
    assert deployment(variant, status, serverless)["action"] == action


@pytest.mark.parametrize(
    ("settings", "serverless", "action"),
    [
        (EndpointSettings(), True, "replace"),
        (EndpointSettings(mode="serverless"), False, "replace"),
        (EndpointSettings(mode="serverless"), True, "restore"),
    ],
)
def test_a_champion_of_the_other_mode_is_made_anew(
    settings: EndpointSettings, serverless: bool, action: str
) -> None:
    new = Endpoint(NEW.name, NEW.status, NEW.config, None, serverless)
    assert back(deploying(error=OFF), CHAMPION, new, "SmokeTest", settings=settings).action == (
        action
    )


def test_a_champion_that_scales_scales_again() -> None:
    scales = EndpointSettings(max_instances=3)
    planned = back(deploying(error=OFF), CHAMPION, NEW, "SmokeTest", settings=scales)
    wanted = scaling_of(endpoint_name("tagline", "demo"), scales)
    assert wanted is not None
    assert planned.scaling == wanted
    assert back(deploying(), CHAMPION, TAKEN, settings=scales).scaling == wanted
    rival = back(deploying(), CHAMPION, TAKEN, rival=OTHER, settings=scales)
    assert rival.scaling is None
    before = back(planned_before(), CHAMPION, None, settings=scales)
    again = back(planned_before(rollback=before, error=OFF), CHAMPION, None, settings=scales)
    assert (again.action, again.scaling) == ("keep", None)


OFF = Caught(
    error="SmokeTestFailed", cause='{"errorMessage": "off", "errorType": "SmokeTestFailed"}'
)
TAKEN = Endpoint("tagline--demo-50876c98a6b2", "InService", CHAMPION.endpoint_config, None)
NEW = Endpoint(
    "tagline--demo-50876c98a6b2", "InService", job_name("tagline", RUN, "config") + "-0", None
)


def deploying(**changes: Any) -> DeployingExecution:
    """Return what an execution holds whose endpoint was updated."""
    held = {
        "deployment": Deploying(endpoint="tagline--demo-50876c98a6b2", action="update"),
        "evaluation": Opponent(champion_run=OTHER),
    }
    return DeployingExecution(**(held | changes))


def back(
    execution: DeployingExecution,
    champion: Champion | None,
    endpoint: Endpoint | None,
    failed: str | None = None,
    **more: Any,
) -> RollBackAnswer:
    """Plan the way back from what was found."""
    return plan_roll_back(
        execution, Found("tagline--demo-50876c98a6b2", endpoint, champion, failed, **more)
    )


def test_back_to_the_configuration_of_the_champion() -> None:
    assert back(deploying(error=OFF), CHAMPION, NEW, "SmokeTest") == RollBackAnswer(
        action="restore",
        endpoint="tagline--demo-50876c98a6b2",
        endpoint_config=CHAMPION.endpoint_config,
        run=OTHER,
        state="SmokeTest",
        reason="SmokeTest: off.",
    )


@pytest.mark.parametrize(
    ("endpoint", "action"),
    [
        (NEW, "delete"),
        (Endpoint("tagline--demo-50876c98a6b2", "Failed", "c", None), "delete"),
        (Endpoint("tagline--demo-50876c98a6b2", "Deleting", "c", None), "keep"),
        (None, "keep"),
    ],
)
def test_without_a_champion_nothing_may_serve(endpoint: Endpoint | None, action: str) -> None:
    planned = back(deploying(error=OFF), None, endpoint, "SmokeTest")
    assert (planned.action, planned.endpoint_config) == (action, None)


CONFIG = CHAMPION.endpoint_config


@pytest.mark.parametrize(
    ("endpoint", "action"),
    [
        (None, "create"),
        (Endpoint("tagline--demo-50876c98a6b2", "Deleting", CONFIG, None), "create"),
        (Endpoint("tagline--demo-50876c98a6b2", "Failed", CONFIG, None), "replace"),
        (Endpoint("tagline--demo-50876c98a6b2", "OutOfService", "c", None), "replace"),
        (Endpoint("tagline--demo-50876c98a6b2", "Updating", CONFIG, None), "restore"),
        (Endpoint("tagline--demo-50876c98a6b2", "InService", "c", None), "restore"),
        (TAKEN, "keep"),
    ],
)
@pytest.mark.parametrize("restoring", [True, False])
def test_a_champion_that_does_not_serve_is_brought_back(
    endpoint: Endpoint | None, action: str, restoring: bool
) -> None:
    execution = deploying()
    if restoring:  # after a run that broke off
        execution = DeployingExecution(restore=Restore(endpoint="tagline--demo-50876c98a6b2"))
    planned = back(execution, CHAMPION, endpoint)
    assert (planned.action, planned.endpoint_config) == (action, CONFIG)
    assert (planned.run, planned.then) == (OTHER, "end")


def planned_before(**facts: Any) -> DeployingExecution:
    """Return what an execution holds that has deployed nothing."""
    plan = PlanFacts(unchanged=facts.pop("unchanged", False), reason="r")
    return DeployingExecution(plan=plan, **facts)


JUDGED = Decision(promote=False, reason="no", challenger_map=0.1, champion_map=0.2)


@pytest.mark.parametrize(
    ("execution", "state", "then"),
    [
        (planned_before(unchanged=True), "PlanDataset", "end"),
        (planned_before(), "PlanDataset", "train"),
        (planned_before(decision=JUDGED), "DecidePromotion", "end"),
    ],
)
def test_an_ill_champion_is_deployed_again_and_the_run_goes_on(
    execution: DeployingExecution, state: str, then: str
) -> None:
    failed = Endpoint("tagline--demo-50876c98a6b2", "Failed", CONFIG, "no memory")
    planned = back(execution, CHAMPION, failed)
    assert (planned.action, planned.state, planned.then) == ("replace", state, then)
    assert planned.reason == (
        "the champion's endpoint is Failed (no memory): the champion is deployed again"
    )


def test_a_champion_that_cannot_be_deployed_keeps_no_list_from_its_training() -> None:
    before = back(planned_before(), CHAMPION, None)
    again = back(planned_before(rollback=before, error=OFF), CHAMPION, None, "DeployChampion")
    assert (again.action, again.then) == ("keep", "train")
    judged = planned_before(rollback=before, decision=JUDGED)
    assert (back(judged, CHAMPION, None).action, back(judged, CHAMPION, None).then) == (
        "create",
        "end",
    )
    assert back(deploying(rollback=before, error=OFF), CHAMPION, NEW, "SmokeTest").then == "end"


def test_what_sagemaker_rolled_back_by_itself_is_kept_and_told() -> None:
    planned = back(deploying(), CHAMPION, TAKEN)
    assert (planned.action, planned.state) == ("keep", "UpdateEndpoint")
    assert planned.endpoint_config == CONFIG
    assert "alarm" in planned.reason


@pytest.mark.parametrize("serving", [None, champion(endpoint_config="older-0")])
def test_an_endpoint_that_another_run_took_over_is_left_to_it(serving: Champion | None) -> None:
    planned = back(deploying(), serving, TAKEN, rival=OTHER, newer=OTHER)
    assert (planned.action, planned.endpoint_config) == ("keep", TAKEN.config)
    assert planned.superseded
    assert f"run {OTHER}, of another list" in planned.reason
    assert "alarm" not in planned.reason


@pytest.mark.parametrize(
    ("kind", "newer", "superseded"),
    [
        ("Overtaken", OTHER, True),
        ("ChampionChanged", OTHER, True),
        ("ChampionChanged", None, False),
        ("SmokeTestFailed", OTHER, False),
    ],
)
def test_a_run_is_superseded_by_a_newer_list_only(
    kind: str, newer: str | None, superseded: bool
) -> None:
    error = Caught(error=kind, cause="{}")
    planned = back(deploying(error=error), CHAMPION, NEW, "RecordChampion", newer=newer)
    assert planned.superseded is superseded


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
    planned = back(first, None, endpoint)
    assert planned.state == "CreateEndpoint"
    assert said in planned.reason


@pytest.mark.parametrize(("endpoint", "is_now"), [(NEW, "InService"), (None, "gone")])
@pytest.mark.parametrize("execution", [deploying(), planned_before(unchanged=True)])
def test_a_second_roll_back_gives_up_with_both_stories(
    execution: DeployingExecution, endpoint: Endpoint | None, is_now: str
) -> None:
    before = RollBackAnswer(
        action="restore", endpoint="e", endpoint_config="c", state="s", reason="SmokeTest: off."
    )
    told = rf"demo-50876c98a6b2 is {is_now} and did not come back to c \(off\): .*SmokeTest: off"
    with pytest.raises(RollBackFailed, match=told):
        back(replace(execution, rollback=before, error=OFF), CHAMPION, endpoint, "SmokeTest")


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        (TAKEN, None),
        (Endpoint("e", "Updating", CONFIG, None), None),
        (Endpoint("e", "SystemUpdating", CONFIG, None), None),
        (None, "is missing"),
        (Endpoint("e", "Failed", CONFIG, None), "is Failed"),
        (Endpoint("e", "InService", "c", None), f"serves c instead of {CONFIG}"),
    ],
)
def test_what_keeps_a_champion_from_serving(endpoint: Endpoint | None, said: str | None) -> None:
    assert ailment(CHAMPION, endpoint) == said
