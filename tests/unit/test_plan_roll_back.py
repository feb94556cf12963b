"""The PlanRollBack handler: what it looks at before it lets an endpoint be changed back."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from tagline.aws import clients
from tagline.formats.names import job_name
from tests.unit import run_documents
from tests.unit.documents import OTHER, RUN, champion, status
from tests.unit.flow_world import STATE, Account, account, call, describe

ANOTHER = "demo-00000000000000aa"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


def asked(against: str | None = OTHER, **held: Any) -> dict[str, Any]:
    """Return PlanRollBack's event: the execution holds more than the handler looks at."""
    execution = STATE | {
        "deployment": {"endpoint": "tagline-demo", "action": "update", "canary": True},
        "evaluation": {"champion_run": against, "champion_etag": '"e"', "artifact": "s3://a/b"},
    }
    return STATE | {"execution_arn": "arn:e", "state": execution | held}


def plan(serving: str, event: dict[str, Any]) -> dict[str, Any]:
    """Call the handler while the endpoint has the configuration `serving`."""
    with Stubber(clients.sagemaker()) as stubber:
        describe(stubber, "InService", serving)
        return call("plan_roll_back", event)


def config(run: str, attempt: int = 0) -> str:
    """Return the name of the endpoint's configuration that a run makes."""
    return f"{job_name(run, 'config')}-{attempt}"


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
        "endpoint": "tagline-demo",
        "endpoint_config": config(OTHER),
        "state": "SmokeTest",
        "reason": "SmokeTest: lost. It broke off and was tried again in vain: "
        "upload the list again.",
        "run": OTHER,
        "then": "end",
        "superseded": False,
        "scaling": None,
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
    held = STATE | {"restore": {"endpoint": "tagline-demo"}}
    asked_for = STATE | {"execution_arn": "arn:e", "state": held}
    planned = plan(config(RUN), asked_for)
    assert (planned["action"], planned["endpoint_config"]) == ("restore", config(OTHER))
    assert plan(config(OTHER), asked_for)["action"] == "keep"


def test_after_a_first_run_that_broke_off_nothing_serves(world: Account) -> None:
    held = STATE | {"restore": {"endpoint": "tagline-demo"}}
    planned = plan(config(RUN), STATE | {"execution_arn": "arn:e", "state": held})
    assert (planned["action"], planned["run"]) == ("delete", None)


def test_a_newer_list_supersedes_a_run_that_lost_its_endpoint(world: Account) -> None:
    world.put("demo/champion.json", champion())
    world.put("demo/newest.json", {"run": ANOTHER, "started": "2026-11-13T00:00:00Z"})
    planned = plan(config(ANOTHER), asked())
    assert (planned["action"], planned["superseded"]) == ("keep", True)
