"""Clicks: taken by the API, kept once, merged into the next ratings file."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tagline.api import clients
from tagline.aws.s3 import Bucket
from tagline.feedback.clicks import merge_clicks, read_clicks, record_click
from tagline.formats.feedback import Click
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.kinds import Kind
from tests.unit import run_documents
from tests.unit.api_world import (
    BUCKET,
    DATASET,
    RUN,
    Reply,
    World,
    api_world,
    correct,
    event,
    problem,
)

AT = "2026-11-20T09:00:00Z"


def click(user: str = "ann", item: str = "i1", rating: float | None = None) -> Click:
    return Click(dataset=DATASET, user=user, item=item, rating=rating, run=RUN, who=None, at=AT)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        plan = run_documents.plan(run=RUN, dataset=DATASET, kind=Kind.RATINGS)
        made.put(f"{DATASET}/runs/{RUN}/plan.json", plan)
        newest = {"run": RUN, "started": AT}
        made.put(f"{DATASET}/newest.json", newest)
        yield made


def say(document: Any) -> Reply:
    body = document if isinstance(document, str) else json.dumps(document)
    return correct(event("feedback", body=body, isBase64Encoded=False))


def test_a_click_is_kept_and_answered(world: World) -> None:
    reply = say({"user": "ann", "item": "i1", "who": "shop"})
    assert reply.status == 201
    told = reply.json
    assert (told["user"], told["item"], told["rating"], told["who"]) == ("ann", "i1", None, "shop")
    bucket = Bucket(clients.s3(), BUCKET)
    found, faults = read_clicks(bucket, DATASET)
    assert [(each.user, each.item) for each in found] == [("ann", "i1")]
    assert not faults


@pytest.mark.parametrize(
    "document",
    [
        {"user": "ann"},
        {"item": "i1"},
        {"user": "", "item": "i1"},
        {"user": "ann", "item": "i\u0000"},
        {"user": "ann", "item": "i" * 257},
        {"user": "ann", "item": "i1", "rating": "good"},
        {"user": "ann", "item": "i1", "rating": 1e9},
        {"user": "ann", "item": "i1", "added": ["x"]},
    ],
)
@pytest.mark.usefixtures("world")
def test_what_is_no_click_is_a_400(document: Any) -> None:
    assert problem(say(document)) == (400, "bad_json")


def test_each_kind_of_dataset_takes_its_own_feedback(world: World) -> None:
    assert problem(say({"id": 1, "added": []})) == (409, "other_kind")
    world.put(f"{DATASET}/runs/{RUN}/plan.json", run_documents.plan(run=RUN, dataset=DATASET))
    assert problem(say({"user": "ann", "item": "i1"})) == (409, "other_kind")


@pytest.mark.usefixtures("world")
def test_a_click_that_is_sent_again_within_a_second_is_kept_once() -> None:
    bucket = Bucket(clients.s3(), BUCKET)
    assert not record_click(bucket, click()).repeated
    assert record_click(bucket, click()).repeated
    assert not record_click(bucket, click(item="i2")).repeated
    bucket.put(f"{FeedbackKeys(DATASET).clicks}0.json", b"{", "application/json")
    found, faults = read_clicks(bucket, DATASET)
    assert (len(found), len(faults)) == (2, 1)


def test_clicks_stand_behind_the_ratings_of_before() -> None:
    out = io.BytesIO()
    before = io.BytesIO(b'item;user;rating\ni1;"a;b";4,5\nbroken\n')
    merged = merge_clicks(before, out, [click(), click("bob", "i2", 3)], 2.0)
    assert (merged.rows, merged.left_out, merged.clicks) == (1, 1, 2)
    assert out.getvalue().decode().splitlines() == [
        "user,item,rating,timestamp",
        "a;b,i1,4.5,",
        "ann,i1,2.0,1795165200",
        "bob,i2,3,1795165200",
    ]
