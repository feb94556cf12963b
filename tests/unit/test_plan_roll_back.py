"""The PlanRollBack handler: what it looks at before it lets an endpoint be changed back."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from tagline.aws import clients
from tagline.formats.names import job_name
from tests.unit import run_documents
from tests.unit.documents import OTHER, RUN, champion, settings, status
from tests.unit.documents import plan as run_plan
from tests.unit.flow_world import (
    STATE,
    TRIAL,
    VARIABLES,
    Account,
    account,
    call,
    describe,
    describe_parts,
)

ANOTHER = "demo-00000000000000aa"

VARIANT = {"VariantName": "AllTraffic", "InitialVariantWeight": 1}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


def asked(against: str | None = OTHER, **held: Any) -> dict[str, Any]:
    """Return PlanRollBack's event: the execution holds more than the handler looks at."""
    execution = STATE | {
        "deployment": {
            "endpoint": "tagline--demo-50876c98a6b2",
            "action": "update",
            "canary": True,
        },
        "evaluation": {"champion_run": against, "champion_etag": '"e"', "artifact": "s3://a/b"},
    }
    return STATE | {"execution_arn": "arn:e", "state": execution | held}


def plan(
    serving: str | None,
    event: dict[str, Any],
    trial: tuple[str | None, str] = (None, ""),
    gone: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Call the handler while the endpoint has the configuration `serving`, None: there is none.

    `trial` is the trial's status and configuration, `gone` what of the champion was deleted.
    """
    with Stubber(clients.sagemaker()) as stubber:
        describe(stubber, serving and "InService", serving or "")
        describe(stubber, *trial, name=TRIAL)
        describe_parts(stubber, champion(), *gone)  # looked for where the champion is deployed
        return call("plan_roll_back", event)


def config(run: str, attempt: int = 0) -> str:
    """Return the name of the endpoint's configuration that a run makes."""
    return f"{job_name('tagline', run, 'config')}-{attempt}"


def test_plan_roll_back_names_the_state_that_failed(world: Account) -> None:
    world.put("demo/champion.json", champion())
    entered = [("TaskStateEntered", "PlanRollBack"), ("TaskStateEntered", "SmokeTest")]
    events = [
        {"id": 9 - i, "timestamp": 0, "type": kind, "stateEnteredEventDetails": {"name": name}}
        for i, (kind, name) in enumerate(entered)
    ]
    with Stubber(clients.stepfunctions()) as executions:
        executions.add_response("get_execution_history", {"events": events})
        planned = plan(config(RUN), asked(error={"Error": "Lambda.Unknown", "Cause": "lost"}))
    assert planned == {
        "action": "restore",
        "endpoint": "tagline--demo-50876c98a6b2",
        "endpoint_config": config(OTHER),
        "state": "SmokeTest",
        "reason": "SmokeTest: lost. It broke off and was tried again in vain: "
        "upload the list again.",
        "run": OTHER,
        "then": "end",
        "superseded": False,
        "scaling": None,
        "model_gone": False,
        "config_gone": False,
        "rebuild": None,
        "trial": None,
    }


@pytest.mark.parametrize("attempt", [0, 3])
def test_a_run_is_not_its_own_rival(world: Account, attempt: int) -> None:
    planned = plan(config(RUN, attempt), asked(against=None))
    assert planned["action"] == "delete"


def test_the_champion_that_the_run_was_compared_with_is_no_rival(world: Account) -> None:
    """Its configuration serves again after SageMaker's own roll-back; nobody took over."""
    world.put("demo/champion.json", champion())
    planned = plan(config(OTHER), asked(against=OTHER))
    assert (planned["action"], planned["endpoint_config"]) == ("keep", config(OTHER))
    assert "an alarm went off. " in planned["reason"]


def test_a_configuration_that_no_run_made_is_no_rivals(world: Account) -> None:
    world.put("demo/champion.json", champion())
    assert plan("by-hand", asked())["action"] == "restore"


def test_a_run_that_became_champion_meanwhile_keeps_the_endpoint(world: Account) -> None:
    world.put(f"demo/runs/{ANOTHER}/status.json", status(run=ANOTHER))
    world.put("demo/champion.json", run_documents.champion(run=ANOTHER))
    planned = plan(config(ANOTHER), asked(against=OTHER))
    assert (planned["action"], planned["endpoint_config"]) == ("keep", config(ANOTHER))
    assert f"run {ANOTHER}, of another list" in planned["reason"]


@pytest.mark.parametrize("against", [None, OTHER])
@pytest.mark.parametrize("ended", [True, False])
def test_only_a_run_that_goes_on_keeps_the_endpoint_it_took(
    world: Account, ended: bool, against: str | None
) -> None:
    if ended:
        world.put(f"demo/runs/{ANOTHER}/status.json", status(run=ANOTHER))
    if against:
        world.put("demo/champion.json", champion())
    planned = plan(config(ANOTHER), asked(against))
    changed = "restore" if against else "delete"
    assert planned["action"] == (changed if ended else "keep")


def test_after_a_run_that_broke_off_the_champion_is_restored(world: Account) -> None:
    world.put("demo/champion.json", champion())
    held = STATE | {"restore": {"endpoint": "tagline--demo-50876c98a6b2"}}
    asked_for = STATE | {"execution_arn": "arn:e", "state": held}
    planned = plan(config(RUN), asked_for)
    assert (planned["action"], planned["endpoint_config"]) == ("restore", config(OTHER))
    assert plan(config(OTHER), asked_for)["action"] == "keep"


def test_after_a_first_run_that_broke_off_nothing_serves(world: Account) -> None:
    held = STATE | {"restore": {"endpoint": "tagline--demo-50876c98a6b2"}}
    planned = plan(config(RUN), STATE | {"execution_arn": "arn:e", "state": held})
    assert (planned["action"], planned["run"]) == ("delete", None)


def test_a_newer_list_supersedes_a_run_that_lost_its_endpoint(world: Account) -> None:
    world.put("demo/champion.json", champion())
    world.put("demo/newest.json", {"run": ANOTHER, "started": "2026-11-13T00:00:00Z"})
    planned = plan(config(ANOTHER), asked())
    assert (planned["action"], planned["superseded"]) == ("keep", True)


def trying() -> dict[str, Any]:
    """Return the event of a run whose trial did not come up."""
    return asked(awaited={"endpoint": TRIAL, "of": "trial"})


@pytest.mark.parametrize("against", [None, OTHER])
def test_a_trial_that_did_not_come_up_is_deleted_and_the_endpoint_left(
    world: Account, against: str | None
) -> None:
    if against:
        world.put("demo/champion.json", champion())
    serving = config(OTHER) if against else None
    planned = plan(serving, trying(), ("Failed", f"{job_name('tagline', RUN, 'trial')}-0"))
    assert (planned["action"], planned["trial"]) == ("keep", TRIAL)
    assert planned["state"] == "CreateTrial"
    assert "Failed" in planned["reason"]


@pytest.mark.parametrize(
    ("other", "ended", "left"),
    [(RUN, False, True), (ANOTHER, True, True), (ANOTHER, False, False), (None, False, True)],
)
def test_only_a_run_that_goes_on_keeps_its_trial(
    world: Account, other: str | None, ended: bool, left: bool
) -> None:
    world.put("demo/champion.json", champion())
    if ended:
        world.put(f"demo/runs/{other}/status.json", status(run=ANOTHER))
    tried = f"{job_name('tagline', other, 'trial')}-0" if other else "by-hand"
    planned = plan(config(OTHER), trying(), ("InService", tried))
    assert planned["trial"] == (TRIAL if left else None)
    assert "took the trial's endpoint over" in planned["reason"]


def test_a_trial_that_is_being_deleted_is_left(world: Account) -> None:
    world.put("demo/champion.json", champion())
    planned = plan(config(OTHER), trying(), ("Deleting", f"{job_name('tagline', RUN, 'trial')}-0"))
    assert planned["trial"] is None


def test_a_run_that_is_overtaken_in_its_trial_is_superseded(world: Account) -> None:
    world.put("demo/champion.json", champion())
    world.put("demo/newest.json", {"run": ANOTHER, "started": "2026-11-13T00:00:00Z"})
    planned = plan(config(OTHER), trying())
    assert (planned["action"], planned["superseded"]) == ("keep", True)
    assert "disappeared" in planned["reason"]


@pytest.mark.parametrize("gone", [("model",), ("config",), ("model", "config")])
@pytest.mark.parametrize("serving", [None, config(RUN)])
def test_what_was_deleted_of_a_champion_is_made_again_by_its_name(
    world: Account, gone: tuple[str, ...], serving: str | None
) -> None:
    world.put("demo/champion.json", champion())
    fleet = {"instance_type": "ml.m5.12xlarge", "instance_count": 2}
    world.put(f"demo/runs/{OTHER}/plan.json", run_plan(settings=settings(endpoint=fleet)))
    planned = plan(serving, asked(), gone=gone)
    assert planned["action"] == ("restore" if serving else "create")
    assert (planned["model_gone"], planned["config_gone"]) == ("model" in gone, "config" in gone)
    assert planned["endpoint_config"] == champion().endpoint_config
    assert planned["rebuild"] == {
        "model": champion().model,
        "container": {
            "Image": VARIABLES["SERVER_IMAGE"],
            "ModelDataUrl": champion().artifact,
            "Mode": "SingleModel",
        },
        "network_isolation": True,
        "variant": VARIANT | {"InstanceType": "ml.m5.12xlarge", "InitialInstanceCount": 2},
        "of_variant": {"ModelName": champion().model},
    }


@pytest.mark.parametrize("damaged", [None, b"", b"[]", b"{"])
def test_a_champion_whose_plan_is_gone_gets_the_stacks_fleet(
    world: Account, damaged: bytes | None
) -> None:
    world.put("demo/champion.json", champion())
    if damaged is not None:
        world.s3.put_object(Bucket="data", Key=f"demo/runs/{OTHER}/plan.json", Body=damaged)
    planned = plan(None, asked(), gone=("config",))
    given = {"InstanceType": "ml.c5.large", "InitialInstanceCount": 1}
    assert planned["rebuild"]["variant"] == VARIANT | given
