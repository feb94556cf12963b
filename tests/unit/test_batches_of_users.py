"""Batches of a dataset of ratings: one line a user, each with what the champion recommends."""

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from tagline.batches import tagging
from tagline.batches.lines import read_users
from tagline.formats.batch_keys import BatchKeys
from tagline.formats.document import encode
from tagline.formats.kinds import Kind
from tagline.formats.packed import BySide, Digests
from tagline.formats.ratings import Histories, RatingsDataset
from tagline.formats.reasons import UnusableList
from tests.unit import run_documents
from tests.unit.batch_world import STARTED, BatchWorld, batch_world, refusal
from tests.unit.flow_world import DATASET


class Recommender:
    """Recommends what comes after the newest item of a history."""

    def __init__(self, run: str) -> None:
        self.run, self.trouble = run, list[Exception]()

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        if self.trouble:
            raise self.trouble.pop()
        asked = json.loads(request["Body"])
        assert asked["exclude"] == asked["items"]
        known = asked["items"][-1:]
        item = {"item": f"after {known[0]}" if known else "hit", "title": None, "score": 1.5}
        basis = "history" if known else "popularity"
        answer = {"run": self.run, "created": STARTED, "basis": basis, "unknown": []}
        return {"Body": io.BytesIO(json.dumps(answer | {"recommendations": [item]}).encode())}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchWorld]:
    monkeypatch.setattr(tagging, "_LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(tagging, "_FIRST_PAUSE", 0.01)
    with batch_world(monkeypatch) as made:
        named = {"kind": Kind.RATINGS, "mAP": None, "metric": "ndcg_at_10", "value": 0.3}
        champion = replace(run_documents.champion(), **named)
        made.put(f"{DATASET}/champion.json", encode(champion))
        dataset = RatingsDataset(
            run=made.run, fingerprint="0", rows=3, accepted=3, rejected=0, train=1, validation=1,
            test=1, users=1, items=2, titles=0, by_time=True, first=1, last=2, partitions=1,
            sha256=Digests(train="", validation=""), bytes=BySide(train=1, validation=1),
        )  # fmt: skip
        prefix = f"{DATASET}/runs/{made.run}"
        made.put(f"{prefix}/dataset.json", encode(dataset))
        body = gzip.compress(encode(Histories(users={"ann": ("i1", "i2")})))
        made.put(f"{prefix}/histories/0000.json.gz", body)
        made.endpoint = Recommender(made.run)  # type: ignore[assignment]
        yield made


def test_every_user_has_a_line_in_order(world: BatchWorld) -> None:
    found = world.through("ann\n\nbob\nb\x00d\n")
    assert [(row["line"], row["path"], row["verdict"], row["reason"]) for row in found] == [
        (1, "ann", "tagged", None),
        (3, "bob", "tagged", None),
        (4, "b\x00d", "rejected", "bad_user"),
    ]
    assert found[0]["recommendations"] == [{"item": "after i2", "title": None, "score": 1.5}]
    assert (found[0]["basis"], found[1]["basis"]) == ("history", "popularity")
    given = world.drop("ann\n\nbob\nb\x00d\n")
    status = world.json(BatchKeys(given.batch).status)
    assert status["reason"] == "2 of 3 users have recommendations"
    assert status["rows"] is None


def test_a_busy_endpoint_is_waited_for_and_a_list_of_nobody_is_unusable(world: BatchWorld) -> None:
    world.endpoint.trouble = [refusal(503, "busy")] * 2
    assert world.through("ann\n")[0]["verdict"] == "tagged"
    with pytest.raises(UnusableList, match="names no users: one a line is wanted"):
        world.through("\n", "none.txt")


@pytest.mark.parametrize(
    ("kind", "text", "users"),
    [
        ("txt", "ann\nb,c\n", ["ann", "b,c"]),
        ("csv", "ann,1\nbob,2\n", ["ann", "bob"]),
        ("csv", "age;user\r\n1;ann\r\n2;bob\r\n", ["ann", "bob"]),
        ("csv", 'user\n"a,b"\n', ["a,b"]),
    ],
)
def test_the_forms_of_a_list_of_users(kind: str, text: str, users: list[str]) -> None:
    assert [one.path for one in read_users(io.BytesIO(text.encode()), kind)] == users
