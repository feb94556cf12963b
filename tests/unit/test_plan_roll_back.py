"""The PlanRollBack handler: what it looks at before it lets an endpoint be changed back."""

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber

from tagline.aws import clients
from tests.unit.flow_world import STATE, Account, account, call, describe


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


def test_plan_roll_back_names_the_state_that_failed(world: Account) -> None:
    world.put("demo/champion.json", {"run": "demo-00000000000000ff", "endpoint_config": "old-0"})
    entered = [("TaskStateEntered", "PlanRollBack"), ("TaskStateEntered", "SmokeTest")]
    events = [
        {"id": 9 - i, "timestamp": 0, "type": kind, "stateEnteredEventDetails": {"name": name}}
        for i, (kind, name) in enumerate(entered)
    ]
    state = {
        "deployment": {"endpoint": "tagline-demo", "action": "update"},
        "error": {"Error": "Lambda.Unknown", "Cause": "lost"},
    }
    with Stubber(clients.stepfunctions()) as executions, Stubber(clients.sagemaker()) as stubber:
        executions.add_response("get_execution_history", {"events": events})
        describe(stubber, "InService", "new-0")
        planned = call("plan_roll_back", STATE | {"execution_arn": "arn:e", "state": state})
    assert (planned["action"], planned["endpoint_config"]) == ("restore", "old-0")
    assert planned["reason"].startswith("SmokeTest: lost.")


@pytest.mark.parametrize(("ended", "action"), [(None, "keep"), ({"outcome": "Failed"}, "delete")])
def test_only_a_run_that_goes_on_keeps_the_endpoint_it_took(
    world: Account, ended: dict[str, str] | None, action: str
) -> None:
    if ended:
        world.put("demo/runs/demo-00000000000000ff/status.json", ended)
    state = {"deployment": {"endpoint": "tagline-demo", "action": "update"}}
    with Stubber(clients.sagemaker()) as stubber:
        describe(stubber, "InService", "tagline-00000000000000ff-config-0")
        planned = call("plan_roll_back", STATE | {"execution_arn": "arn:e", "state": state})
    assert planned["action"] == action
