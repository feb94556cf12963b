"""Whether a champion answers, as GET /datasets/{dataset} and GET /healthz tell."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from functions.datasets import app as datasets_app
from tagline.api import clients
from tagline.api.health import HEALTH_SECONDS
from tagline.serving.endpoints import Endpoint, health_of
from tests.unit.api_world import DATASET, World, api_world, champion_document, event, forget, get

NAME = f"tagline-{DATASET}"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        yield made


def shown() -> Any:
    return get(event("dataset", dataset=DATASET)).json["health"]


def test_a_champion_whose_endpoint_is_up_serves(world: World) -> None:
    world.crown()
    world.serve()
    assert shown() == {"serves": True, "status": "InService", "problem": None}
    assert get(event("healthz")).json == {"status": "ok", "datasets": 1}


def test_a_champion_whose_endpoint_was_deleted_does_not(world: World) -> None:
    world.crown()
    problem = f"endpoint {NAME} is missing"
    assert shown() == {"serves": False, "status": None, "problem": problem}
    answer = get(event("healthz"))
    assert (answer.status, answer.json["code"]) == (503, "not_serving")
    assert f"1 of 1 datasets with a champion are not served: {DATASET}: {problem}" in answer.text
    assert answer.headers["Retry-After"] == "30"


def test_another_configuration_is_not_the_champion(world: World) -> None:
    world.crown()
    world.serve(config="someone-elses")
    assert shown()["serves"] is False
    assert "serves someone-elses instead of" in shown()["problem"]


@pytest.mark.parametrize(
    ("status", "serves"),
    [
        *(("InService", True), ("Updating", True), ("SystemUpdating", True), ("RollingBack", True)),
        *(("Creating", False), ("Failed", False), ("OutOfService", False), ("Deleting", False)),
        ("UpdateRollbackFailed", False),
    ],
)
def test_an_update_keeps_nobody_from_serving(status: str, serves: bool) -> None:
    champion = champion_document()
    found = health_of(champion, Endpoint(NAME, status, champion.endpoint_config, "no memory"))
    assert (found.serves, found.status) == (serves, status)
    assert (found.problem is None) == serves


def test_a_dataset_without_a_champion_is_not_ill(world: World) -> None:
    world.put("zoo/lists/a.lst", b"")
    assert get(event("dataset", dataset="zoo")).json["health"] is None
    assert get(event("healthz")).json == {"status": "ok", "datasets": 0}


def test_a_damaged_champion_is_ill(world: World) -> None:
    world.put("zoo/champion.json", b"{")
    assert "zoo/champion.json" in get(event("healthz")).json["detail"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "x"), "ThrottlingException"),
        (EndpointConnectionError(endpoint_url="x"), "EndpointConnectionError"),
    ],
)
def test_where_sagemaker_does_not_tell_the_dataset_is_shown_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def refuse(**_: object) -> None:
        raise error

    world.crown()
    monkeypatch.setattr(clients.sagemaker(), "describe_endpoint", refuse)
    found = shown()
    assert (found["serves"], found["status"]) == (None, None)
    assert told in found["problem"]


def test_health_is_looked_at_once_in_a_while(world: World) -> None:
    world.crown()
    now = [0.0]
    forget()
    datasets_app.healths()._clock = lambda: now[0]
    assert get(event("healthz")).status == 503
    world.serve()
    assert get(event("healthz")).status == 503
    now[0] = HEALTH_SECONDS
    assert get(event("healthz")).status == 200
