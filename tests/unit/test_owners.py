"""Documents in the bucket are input: what they name must be their own dataset's."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tagline.fetching.shard import fetch_shard
from tagline.formats.document import UnreadableDocument
from tagline.formats.owners import check_champion, check_run, serving_endpoint
from tagline.formats.steps import FetchEvent
from tests.unit.flow_world import STATE, Account, account, call
from tests.unit.ingest_world import BUCKET, World, world
from tests.unit.run_documents import champion, packed_dataset

FOREIGN = "secret-0123456789abcdef"


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        made.drop(made.fill(6))
        made.plan()
        yield made


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


def rewrite(demo: World, **changes: Any) -> None:
    """Plant a change in the first row of the shard."""
    rows = demo.lines("shards/00000.jsonl")
    rows[0] |= changes
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    demo.put(f"demo/runs/{demo.event.run}/shards/00000.jsonl", body)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bucket": "secrets"}, "not_allowed_bucket"),
        ({"key": "other/images/1.png"}, "not_allowed_bucket"),
        ({"key": "demo"}, "not_allowed_bucket"),
        ({"key": "demo/../other/1.png"}, "bad_path"),
        ({"key": "demo/a\u0000.png"}, "bad_path"),
        ({"key": "demo/" + "x" * 1100}, "bad_path"),
        ({"bucket": "pictures", "key": ""}, "bad_path"),
    ],
)
def test_a_shards_rows_are_judged_again(demo: World, changes: dict[str, str], reason: str) -> None:
    demo.s3.create_bucket(Bucket="secrets")
    etag = demo.s3.put_object(Bucket="secrets", Key="images/1.png", Body=b"secret")["ETag"]
    demo.put("other/images/1.png", b"secret")
    rewrite(demo, **changes, etag=etag.strip('"'), size=6)
    event = FetchEvent(bucket=BUCKET, run=demo.event.run, shard="00000")
    answer = fetch_shard(event, demo.s3, lambda: 60.0, {"pictures"})
    assert (answer.fetched, answer.rejected) == (5, 1)
    assert demo.lines("shards/00000.verdicts.jsonl")[0]["reason"] == reason
    assert b"secret" not in demo.read("shards/00000.tar")


def test_source_buckets_are_read_and_others_are_not(demo: World) -> None:
    etag = demo.s3.put_object(Bucket="pictures", Key="a.png", Body=b"abc")["ETag"].strip('"')
    rewrite(demo, bucket="pictures", key="a.png", etag=etag, size=3)
    event = FetchEvent(bucket=BUCKET, run=demo.event.run, shard="00000")
    assert fetch_shard(event, demo.s3, lambda: 60.0, {"pictures"}).fetched == 6
    rewrite(demo, bucket="pictures", key="a.png", etag=etag, size=3, id=9)
    assert fetch_shard(event, demo.s3, lambda: 60.0).fetched == 5


@pytest.mark.parametrize("shard", ["../x", "1/../2", "", "a", "1\n"])
@pytest.mark.usefixtures("there")
def test_a_shards_name_is_a_number(shard: str) -> None:
    with pytest.raises(UnreadableDocument, match="shard"):
        call("fetch_shard", STATE | {"shard": shard})


def test_another_datasets_packed_set_is_not_reused(demo: World) -> None:
    for run in (FOREIGN, "../../x"):
        demo.put("demo/packed.json", json.dumps({"run": run, "before": [FOREIGN]}).encode())
        demo.plan()
        assert json.loads(demo.read("plan.json"))["packed_before"] == []


CHAMPION_FAULTS: list[dict[str, str]] = [
    {"run": FOREIGN},
    {"run": "nonsense"},
    {"endpoint": "tagline-secret"},
    {"endpoint": "production"},
    {"endpoint_config": "tagline--ffffffffffffffff-config-0"},
    {"model": "model"},
    {"artifact": "s3://data/secret/output/x/model.tar.gz"},
    {"artifact": "s3://elsewhere/demo/output/x/model.tar.gz"},
    {"artifact": "file:///etc/passwd"},
]


@pytest.mark.parametrize("changes", CHAMPION_FAULTS)
def test_a_champion_is_its_datasets_own(there: Account, changes: dict[str, str]) -> None:
    check_champion(champion(), "demo", "data", "tagline")
    with pytest.raises(UnreadableDocument, match=r"s3://data/demo/champion.json: "):
        check_champion(champion(**changes), "demo", "data", "tagline")
    there.put(f"demo/runs/{STATE['run']}/dataset.json", packed_dataset())
    there.put("demo/champion.json", champion(**changes))
    state = STATE | {"trained": {"artifact": "s3://data/demo/output/a/model.tar.gz"}}
    with pytest.raises(UnreadableDocument, match=r"champion.json: "):
        call("plan_evaluation", state)


def test_a_run_is_its_datasets_own() -> None:
    check_run("demo", "demo-0123456789abcdef", "x")
    for run in (FOREIGN, "", "demo", "demo-x-0123456789abcdef", "demo-0123456789abcdef\n"):
        with pytest.raises(UnreadableDocument, match="none of dataset demo"):
            check_run("demo", run, "x")


@pytest.mark.parametrize(
    ("found", "serves"),
    [
        (None, "tagline--demo-"),
        ({}, "tagline--demo-"),
        ({"endpoint": "tagline-demo"}, "tagline-demo"),  # deployed by an earlier version
        ({"endpoint": "tagline-secret"}, "tagline--demo-"),
    ],
)
def test_an_endpoint_of_an_earlier_version_serves_on(
    found: dict[str, str] | None, serves: str
) -> None:
    standing = None if found is None else champion(**found)
    assert serving_endpoint("tagline", "demo", standing).startswith(serves)


def test_a_champion_of_an_earlier_version_is_its_datasets_own() -> None:
    former = {
        "endpoint": "tagline-demo",
        "endpoint_config": "tagline-0123456789abcdef-config-0",
        "model": "tagline-0123456789abcdef-model-0",
    }
    check_champion(champion(**former), "demo", "data", "tagline")
