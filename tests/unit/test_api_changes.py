"""Orders and uploads by the API: who may, what is refused, what is started."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from functions.curate import app as curate_app
from tagline.api import clients
from tagline.aws.environment import environment
from tagline.formats.list_lines import FUNCTION_LIST_BYTES
from tagline.serving.orders import Orders
from tests.unit import run_documents
from tests.unit.api_world import (
    DATASET,
    MACHINE,
    Reply,
    World,
    api_world,
    champion_document,
    change,
    event,
    get,
    problem,
)
from tests.unit.test_api_history import crown, leave, name
from tests.unit.test_api_scopes import by

FORMER, CHAMPION = name(1), name(2)


class States:
    """Step Functions, as far as orders need it."""

    class exceptions:  # noqa: N801 - botocore's name
        class ExecutionAlreadyExists(Exception):
            pass

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: A002, N803
        assert stateMachineArn == MACHINE
        if name in self.started:
            raise self.exceptions.ExecutionAlreadyExists
        self.started[name] = json.loads(input)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        for run in (FORMER, CHAMPION):
            leave(made, run)
            crown(made, run)
        yield made


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> States:
    made = States()
    monkeypatch.setattr(clients, "states", lambda: made)
    return made


def order(claims: dict[str, str] | None = None, **asked: object) -> Reply:
    sent = event("orders", body=json.dumps(asked))
    return change(sent if claims is None else by(sent, **claims))


def upload(**asked: object) -> Reply:
    return change(event("upload", body=json.dumps({"bytes": 9} | asked)))


def test_a_former_champion_is_ordered_back(world: World, states: States) -> None:
    reply = order(kind="rollback", why="  no\n rings ", who="ann")
    assert reply.status == 202
    ((execution, sent),) = states.started.items()
    assert reply.json == {
        "dataset": DATASET,
        "kind": "rollback",
        "run": FORMER,
        "execution": execution,
        "instead_of": CHAMPION,
        "by": "ann",
        "why": "no rings",
    }
    assert execution.startswith(f"{FORMER}-order-")
    assert (sent["run"], sent["order"]["kind"], sent["order"]["by"]) == (FORMER, "rollback", "ann")


def test_a_run_is_promoted_over_the_gate(world: World, states: States) -> None:
    leave(world, name(3))
    assert order(kind="promote", run=name(3), why="rings").status == 202
    (sent,) = states.started.values()
    assert (sent["run"], sent["order"]["by"]) == (name(3), "somebody (no sign-in)")


def test_a_champion_that_does_not_serve_is_brought_back(world: World, states: States) -> None:
    reply = order(kind="redeploy")
    assert (reply.status, reply.json["run"], reply.json["why"]) == (202, CHAMPION, None)
    ((execution, sent),) = states.started.items()
    assert execution.startswith(f"{CHAMPION}-restore-")
    assert sent["restore"]["settled"] is True


def test_one_that_serves_is_left_alone(world: World, states: States) -> None:
    world.crown()
    world.serve()
    assert problem(order(kind="redeploy")) == (409, "serving")
    assert not states.started


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"kind": "promote", "why": "x"}, 400, "needs run"),
        ({"kind": "promote", "run": FORMER}, 400, "needs why"),
        ({"kind": "rollback", "why": "   "}, 409, "why is empty"),
        ({"kind": "rollback", "why": "x" * 501}, 400, "500"),
        ({"kind": "promote", "run": "zoo-0123456789abcdef", "why": "x"}, 400, "none of dataset"),
        ({"kind": "promote", "run": CHAMPION, "why": "x"}, 409, "is the champion already"),
        ({"kind": "promote", "run": name(7), "why": "x"}, 409, "has no evaluated model"),
        ({"kind": "redeploy", "run": FORMER}, 400, "redeploy needs no run"),
        ({"kind": "delete"}, 400, "kind"),
        ({"kind": "redeploy", "force": True}, 400, "force"),
        ([], 400, "object"),
    ],
)
def test_orders_that_cannot_be_carried_out(
    world: World, states: States, asked: object, status: int, words: str
) -> None:
    reply = change(event("orders", body=json.dumps(asked)))
    assert problem(reply)[0] == status
    assert words in reply.json["detail"]
    assert not states.started


@pytest.mark.parametrize("body", ["", "{", "\udcff", "[" * 5000, '"' + "x" * 20_000 + '"'])
def test_bodies_that_say_nothing(world: World, states: States, body: str) -> None:
    assert problem(change(event("orders", body=body))) == (400, "bad_json")


def test_a_page_of_another_origin_cannot_order_by_a_plain_form(
    world: World, states: States
) -> None:
    sent = event("orders")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        sent["headers"]["content-type"] = kind
        assert problem(change(sent)) == (415, "unsupported_media_type")
    assert not states.started


def test_the_same_order_in_the_same_second_is_refused(
    world: World, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curate_app, "Orders", partial(Orders, clock=lambda: 1.0))
    assert order(kind="rollback", why="x").status == 202
    assert problem(order(kind="rollback", why="x")) == (409, "order_refused")


def test_a_first_champion_has_none_before_it(world: World, states: States) -> None:
    world.put(f"{DATASET}/champion.json", champion_document())
    assert "is the first champion" in order(kind="rollback", why="x").json["detail"]
    world.put(f"{DATASET}/champion.json", b"{")
    assert problem(order(kind="rollback", why="x")) == (409, "damaged_champion")


# who may

CLOSED = "none", ""
OPEN = "none", "true"


def as_stack(monkeypatch: pytest.MonkeyPatch, auth: str, opened: str = "") -> None:
    monkeypatch.setenv("API_AUTH", auth)
    monkeypatch.setenv("API_OPEN_CHANGES", opened)
    environment.cache_clear()


def test_nobody_may_where_nobody_is_known_unless_the_stack_says_so(
    world: World, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_stack(monkeypatch, "none")
    assert problem(order(kind="rollback", why="x")) == (403, "sign_in_needed")
    assert problem(upload(name="a.lst")) == (403, "sign_in_needed")
    assert "ApiOpenChanges" in get(event("dataset")).json["changes_refused"]
    as_stack(monkeypatch, "none", "true")
    assert get(event("dataset")).json["changes_refused"] is None
    assert upload(name="a.lst").status == 201


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        (f"tagline/{DATASET}/curate", 202),
        ("tagline/*/curate", 202),
        (f"tagline/{DATASET} tagline/{DATASET}/curate", 202),
        (f"tagline/{DATASET}", 403),
        ("tagline/*", 403),
        (f"tagline/{DATASET} tagline/zoo/curate", 403),
        ("tagline/curate", 403),
        (f"tagline/{DATASET}/curate/curate", 403),
    ],
)
def test_a_token_needs_the_scope_to_curate(
    world: World, states: States, monkeypatch: pytest.MonkeyPatch, scope: str, status: int
) -> None:
    as_stack(monkeypatch, "jwt", "true")
    claims = {"scope": scope, "sub": "ann@example.com"}
    reply = order(claims, kind="rollback", why="x", who="bob")
    assert reply.status == status
    if status == 403:
        assert problem(reply) == (403, "wrong_scope")
        assert not states.started
        return
    assert reply.json["by"] == "ann@example.com"  # whatever the request says
    assert get(by(event("dataset"), **claims)).json["changes_refused"] is None


def test_without_a_token_nothing_is_done(
    world: World, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_stack(monkeypatch, "jwt", "true")
    assert problem(order(kind="rollback", why="x")) == (401, "unauthorized")


def test_a_signer_is_named_by_its_arn(
    world: World, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_stack(monkeypatch, "iam")
    arn = "arn:aws:sts::123456789012:assumed-role/curator/ann"
    sent = event("orders")
    sent["requestContext"]["authorizer"] = {"iam": {"userArn": arn, "accountId": "123456789012"}}
    assert change(sent).json["by"] == arn


# uploads


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({"name": "a.lst"}, f"{DATASET}/lists/a.lst"),
        ({"name": "a.lst.gz", "kind": "list"}, f"{DATASET}/lists/a.lst.gz"),
        ({"name": "july 圆.txt"}, f"{DATASET}/lists/july 圆.txt.lst"),
        ({"kind": "labels"}, f"{DATASET}/labels.txt"),
        ({"kind": "settings"}, f"{DATASET}/dataset.yaml"),
    ],
)
def test_a_file_is_taken_of_just_so_many_bytes(
    world: World, asked: dict[str, object], key: str
) -> None:
    reply = upload(bytes=1200, **asked)
    assert reply.status == 201
    assert reply.json["s3_uri"] == f"s3://data/{key}"
    query = parse_qs(urlsplit(reply.json["url"]).query)
    assert query["X-Amz-SignedHeaders"] == ["content-length;host"]
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Signature"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "bad_name"),
        ({"name": "../x.lst"}, "bad_name"),
        ({"name": "a/b.lst"}, "bad_name"),
        ({"name": "a\nb.lst"}, "bad_name"),
        ({"name": "x" * 201}, "bad_json"),
        ({"name": "a.lst", "bytes": 0}, "bad_json"),
        ({"name": "a.lst", "bytes": FUNCTION_LIST_BYTES + 1}, "bad_json"),
        ({"kind": "labels", "bytes": (4 << 20) + 1}, "too_large"),
        ({"kind": "settings", "bytes": (64 << 10) + 1}, "too_large"),
        ({"kind": "champion", "name": "champion.json"}, "bad_json"),
    ],
)
def test_files_that_are_not_taken(world: World, asked: dict[str, object], code: str) -> None:
    assert problem(upload(**asked)) == (400, code)


def test_a_page_may_send_files_where_links_lead(world: World) -> None:
    policy = get(event("page")).headers["Content-Security-Policy"]
    link = urlsplit(upload(name="a.lst").json["url"])
    assert f"connect-src 'self' {link.scheme}://{link.netloc};" in policy


def test_an_unreadable_status_is_no_former_champion(world: World, states: States) -> None:
    never = run_documents.status(run=name(3), dataset=DATASET, outcome="NotPromoted")
    leave(world, name(3))
    world.put(f"{DATASET}/runs/{name(3)}/status.json", never)
    reply = order(kind="rollback", run=name(3), why="x")
    assert "never was champion" in reply.json["detail"]
