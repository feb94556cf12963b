"""GET /datasets/{dataset}/recommendations: by history, by items, by popularity, and never a 5xx."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from tagline.formats.document import encode
from tagline.formats.kinds import Kind
from tagline.formats.packed import BySide, Digests
from tagline.formats.ratings import Histories, RatingsDataset
from tagline.formats.ratings_keys import partition_of
from tests.unit.api_world import (
    DATASET,
    RUN,
    Reply,
    World,
    api_world,
    champion_document,
    event,
    get,
    problem,
    tag,
)
from tests.unit.test_flow_of_ratings import metrics

PARTITIONS = 2
PREFIX = f"{DATASET}/runs/{RUN}"
ROUTE = "GET /datasets/{dataset}/recommendations"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        champion = replace(
            champion_document(), kind=Kind.RATINGS, mAP=None, metric="ndcg_at_10", value=0.3
        )
        made.put(f"{DATASET}/champion.json", champion)
        dataset = RatingsDataset(
            run=RUN, fingerprint="0", rows=12, accepted=10, rejected=2, train=8, validation=1,
            test=1, users=2, items=5, titles=0, by_time=True, first=1, last=2,
            partitions=PARTITIONS, sha256=Digests(train="", validation=""),
            bytes=BySide(train=1, validation=1),
        )  # fmt: skip
        made.put(f"{PREFIX}/dataset.json", dataset)
        for number in range(PARTITIONS):
            users = {"ann": ("i1", "i2")} if partition_of("ann", PARTITIONS) == number else {}
            low = {"eve": ("i5",)} if partition_of("eve", PARTITIONS) == number else {}
            low |= {"ann": ("i4",)} if users else {}
            body = gzip.compress(encode(Histories(users=users, low=low)))
            made.put(f"{PREFIX}/histories/{number:04d}.json.gz", body)
        yield made


def answer(*items: str, basis: str = "history", run: str = RUN, **more: Any) -> str:
    found = [{"item": item, "title": None, "score": 1.23456789} for item in items]
    told = {"run": run, "created": "2026-11-20T09:00:00Z", "basis": basis, "unknown": []}
    return json.dumps(told | {"recommendations": found} | more)


def ask(method: str = "GET", **query: str) -> Reply:
    sent = event("tag_png", method=method)
    sent["routeKey"] = ROUTE.replace("GET", method)
    sent["requestContext"]["http"]["method"] = method
    return tag(sent | {"queryStringParameters": query, "body": None, "isBase64Encoded": False})


def expect(world: World, text: str, **body: Any) -> None:
    world.expect_text(
        text,
        EndpointName=f"tagline-{DATASET}",
        ContentType="application/json",
        Accept="application/json",
        CustomAttributes=ANY,
        InferenceId=ANY,
        Body=json.dumps(body, separators=(",", ":")).encode(),
    )


class _Any:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


ANY = _Any()


def test_a_known_user_is_recommended_to_by_their_history(world: World) -> None:
    expect(world, answer("i3"), items=["i1", "i2"], exclude=["i4", "i1", "i2"], top_k=3)
    reply = ask(user="ann", top_k="3")
    assert reply.status == 200
    assert reply.json == {
        "dataset": DATASET,
        "model": {"run": RUN, "created": "2026-11-20T09:00:00Z"},
        "user": "ann",
        "basis": "history",
        "reason": None,
        "recommendations": [{"item": "i3", "title": None, "score": 1.234568}],
        "unknown": [],
    }


def test_what_was_rated_low_is_not_recommended(world: World) -> None:
    expect(world, answer("i1", basis="popularity"), items=[], exclude=["i5"], top_k=10)
    assert ask(user="eve").json["basis"] == "popularity"
    expect(world, answer("i5", basis="popularity"), items=[], exclude=[], top_k=10)
    assert ask(user="eve", exclude_seen="0").json["basis"] == "popularity"


def test_items_that_are_named_come_after_the_history_and_may_come_back(world: World) -> None:
    expect(world, answer("i1"), items=["i1", "i2", "i4"], exclude=[], top_k=10)
    assert ask(user="ann", items="i4,i2", exclude_seen="0").json["basis"] == "history"


def test_a_user_who_is_not_known_is_recommended_to_by_the_items_named(world: World) -> None:
    expect(world, answer("i3", unknown=["x"]), items=["x", "i1"], exclude=["x", "i1"], top_k=10)
    found = ask(user="bob", items=" x ,i1,").json
    assert (found["basis"], found["unknown"]) == ("items", ["x"])
    assert found["reason"] == "user 'bob' has no history: recommended by the items that are named"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "no user is named and no items are named: the most popular"),
        ({"user": "bob"}, "user 'bob' has no history and no items are named: the most popular"),
        ({"user": "", "items": ","}, "no user is named and no items are named: the most popular"),
        ({"items": "x"}, "no user is named and none of the items named is known: the most popular"),
    ],
)
def test_who_names_nothing_that_is_known_gets_what_is_popular(
    world: World, query: dict[str, str], said: str
) -> None:
    world.expect_text(answer("i1", basis="popularity"))
    found = ask(**query).json
    assert (found["basis"], found["reason"]) == ("popularity", said)


@pytest.mark.parametrize(
    "query",
    [
        {"top_k": "0"},
        {"top_k": "101"},
        {"top_k": "many"},
        {"exclude_seen": "maybe"},
        {"user": "é" * 129},
        {"items": ",".join(["i"] * 1001)},
    ],
)
def test_a_query_that_makes_no_sense_is_a_400(world: World, query: dict[str, str]) -> None:
    assert problem(ask(**query)) == (400, "bad_query")
    assert problem(ask(who="ann")) == (400, "unknown_parameter")


@pytest.mark.parametrize(
    "body", [b"", b"not gzip", gzip.compress(b"{}", mtime=0)[:-3], gzip.compress(b"{", mtime=0)]
)
def test_damaged_histories_make_users_unknown_and_nothing_fail(world: World, body: bytes) -> None:
    for number in range(PARTITIONS):
        world.put(f"{PREFIX}/histories/{number:04d}.json.gz", body)
    world.expect_text(answer("i1", basis="popularity"))
    told = ask(user="ann").json
    assert told["basis"] == "popularity"
    assert "history of user 'ann' could not be read" in told["reason"]


def test_an_endpoint_that_answers_nonsense_or_by_another_dataset_is_told(world: World) -> None:
    for text in (answer("i1", run="other-0123456789abcdef"), "{}", "no json"):
        world.expect_text(text)
        assert problem(ask(user="ann")) == (503, "model_failed")


def test_the_other_kind_is_told_what_to_ask_instead(world: World) -> None:
    refused = tag(event("tag_png"))
    assert problem(refused) == (409, "other_kind")
    assert f"GET /datasets/{DATASET}/recommendations" in refused.json["detail"]
    world.put(f"{DATASET}/champion.json", champion_document())
    tag_app_forget()
    refused = ask(user="ann")
    assert problem(refused) == (409, "other_kind")
    assert f"/datasets/{DATASET}/tags" in refused.json["detail"]


def tag_app_forget() -> None:
    from functions.tag import app

    app.champions.cache_clear()


def test_a_dataset_of_ratings_is_shown_by_its_named_metric(world: World) -> None:
    world.put(f"{PREFIX}/metrics.json", metrics(RUN, 0.3, None))
    status = {"run": RUN, "dataset": DATASET, "outcome": "Promoted", "state": "RecordChampion"}
    times = {"reason": "r", "started": "2026-11-20T09:00:00Z", "ended": "2026-11-20T09:10:00Z"}
    world.put(f"{PREFIX}/status.json", status | times)
    found = get(event("dataset")).json
    assert (found["kind"], found["labels"]) == ("ratings", [])
    assert (found["champion"]["metric"], found["champion"]["value"]) == ("ndcg_at_10", 0.3)
    assert found["champion"]["mAP"] is None
    run = get(event("run", run=RUN)).json
    assert run["metrics"] is None
    assert run["ranking"]["ndcg_at_10"] == 0.3
    assert run["ranking"]["baseline"]["ndcg_at_10"] == 0.2
    assert (run["metric"], run["value"], run["mAP"]) == ("ndcg_at_10", 0.3, None)
    assert run["counts"]["rows"] == 12
