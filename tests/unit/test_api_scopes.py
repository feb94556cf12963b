"""What a caller may ask for, where the stack wants tokens: by the scopes of its token."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.api import clients
from tagline.api.problem import Problem
from tagline.api.scopes import Reach
from tests.unit.api_world import (
    DATASET,
    RUN,
    Reply,
    World,
    api_world,
    event,
    get,
    image_event,
    problem,
    tag,
)

OTHER = "zoo"
NAMES = st.from_regex(r"[a-z0-9_-]{1,40}", fullmatch=True)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch, auth="jwt") as made:
        made.crown()
        made.crown(OTHER, f"{OTHER}-0123456789abcdef")
        yield made


def by(sent: dict[str, Any], **claims: object) -> dict[str, Any]:
    """Return an event as API Gateway makes it of a request whose token it has checked."""
    authorizer = {"jwt": {"claims": claims, "scopes": None}}
    return sent | {"requestContext": sent["requestContext"] | {"authorizer": authorizer}}


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": f"openid tagline/{DATASET}"},
        {"scp": f"[tagline/{OTHER} tagline/{DATASET}]"},
        {"scope": "tagline/*"},
    ],
)
def test_a_scope_opens_its_dataset(world: World, claims: dict[str, str]) -> None:
    world.expect([0.9] * 4)
    assert tag(by(event("tag_png"), **claims)).status == 200
    assert get(by(event("dataset"), **claims)).status == 200


EVENTS = ("dataset", "runs", "run")


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("asked", [OTHER, "nobody-made-this", "no name !"])
def test_another_dataset_is_refused_whether_it_is_there_or_not(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, asked: str
) -> None:
    monkeypatch.setattr(clients.s3(), "_make_api_call", None)  # nothing is asked of S3
    sent = by(event(name, dataset=asked), scope=f"tagline/{DATASET}")
    reply = get(sent)
    assert problem(reply) == (403, "wrong_scope")
    assert "insufficient_scope" in reply.headers["WWW-Authenticate"]


def test_tagging_with_another_datasets_token_is_refused(world: World) -> None:
    sent = by(event("tag_png"), scope=f"tagline/{OTHER} tagline/{DATASET}x tagline/ {DATASET}")
    assert problem(tag(sent)) == (403, "wrong_scope")


def test_a_listing_shows_what_the_token_reaches(world: World) -> None:
    def seen(**claims: object) -> list[str]:
        found: Reply = get(by(event("datasets", queryStringParameters={}), **claims))
        assert found.status == 200
        return [each["dataset"] for each in found.json["datasets"]]

    assert seen(scope=f"tagline/{OTHER} tagline/gone") == [OTHER]
    assert seen(scope="tagline/*") == [DATASET, OTHER]


def test_a_run_is_in_the_reach_of_its_own_dataset_only(world: World) -> None:
    sent = by(event("run", dataset=OTHER, run=RUN), scope=f"tagline/{OTHER}")
    assert problem(get(sent)) == (404, "unknown_run")


def test_a_token_without_a_scope_of_ours_lists_nothing(world: World) -> None:
    assert problem(get(by(event("datasets"), scope="openid email"))) == (403, "wrong_scope")


@pytest.mark.parametrize("name", ["datasets", *EVENTS])
def test_a_route_that_nobody_guards_answers_nothing(world: World, name: str) -> None:
    reply = get(event(name))
    assert problem(reply) == (401, "unauthorized")
    assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("name", ["page", "openapi"])
def test_page_and_description_are_everybodys(world: World, name: str) -> None:
    assert get(event(name)).status == 200


def test_an_object_of_another_dataset_is_out_of_reach_even_with_both_scopes(world: World) -> None:
    body = json.dumps({"s3_uri": f"s3://data/{OTHER}/a.png"}).encode()
    sent = by(image_event(body, "application/json"), scope="tagline/*")
    assert problem(tag(sent)) == (403, "not_allowed_bucket")


@given(NAMES, st.lists(NAMES, max_size=5))
def test_a_dataset_is_reached_by_its_very_scope(asked: str, named: list[str]) -> None:
    claims = {"scope": " ".join(["openid", *(f"tagline/{name}" for name in named)])}
    try:
        reached = Reach.of("jwt", claims).holds(asked)
    except Problem as refused:
        reached = refused.status != 403
    assert reached == (asked in named)


@pytest.mark.parametrize("auth", ["none", "iam"])
def test_without_tokens_the_stack_or_iam_decides(auth: str) -> None:
    assert Reach.of(auth, None).holds("any")
