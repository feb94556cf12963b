"""What is kept of runs: nothing is marked that serves, served lately or may still be read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.aws import clients
from tagline.aws.s3 import Bucket
from tagline.formats.outcomes import Ending, Kept, Latest, Leaving, Newest, Outcome
from tagline.formats.packed import PackedRuns
from tagline.outcomes.keeping import CHAMPIONS, GRACE, RUNS, expirable, keep, with_run
from tests.unit.cloudformation import TEMPLATES
from tests.unit.documents import champion
from tests.unit.flow_world import BUCKET, Account, account

NOW = datetime(2026, 11, 12, tzinfo=UTC)
LONG_AGO = "2020-01-01T00:00:00Z"
ENDED = Ending(outcome=Outcome.NOT_PROMOTED, state="DecidePromotion", reason="r")


def run(number: int) -> str:
    return f"demo-{number:016x}"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1))
def test_the_last_runs_and_champions_stay_and_no_run_is_forgotten(
    ended: list[tuple[int, bool]],
) -> None:
    kept = Kept()
    for number, promoted in ended:
        kept = with_run(kept, run(number), NOW, promoted=promoted)
    newest = list(dict.fromkeys(run(n) for n, _ in reversed(ended)))
    champions = list(dict.fromkeys(run(n) for n, promoted in reversed(ended) if promoted))
    assert kept.runs == tuple(newest[:RUNS])
    assert kept.champions == tuple(champions[:CHAMPIONS])
    leaving = {each.run for each in kept.leaving}
    assert leaving == set(newest) - set(kept.runs) - set(kept.champions)


@given(st.integers(0, 60), st.booleans())
def test_what_may_still_be_read_is_not_marked(days: int, needed: bool) -> None:
    leaving = Leaving(run=run(1), since=NOW.isoformat())
    marked = expirable(
        Kept(leaving=(leaving,)),
        NOW + timedelta(days=days),
        frozenset({run(1)} if needed else ()),
    )
    assert bool(marked) == (days >= GRACE.days and not needed)


def test_a_run_may_last_as_long_as_its_machine_lets_it() -> None:
    """Its own limit is in statemachine/retrain/flow.yaml: 30 days."""
    assert timedelta(days=30) < GRACE
    (rule,) = [
        rule
        for rule in TEMPLATES["template"]["Resources"]["DataBucket"]["Properties"][
            "LifecycleConfiguration"
        ]["Rules"]
        if rule["Id"] == "superseded-runs"
    ]
    assert rule["TagFilters"] == [{"Key": "tagline", "Value": "superseded"}]


FILES = (
    *(
        "training/train-00000.rec",
        "training/train-00001.rec",
        "validation/val.rec",
        "test/test.rec",
    ),
    "checkpoints/epoch-00001.npz",
    "shadow/captured/a.jsonl",
)
SMALL = ("plan.json", "status.json", "report.html", "dataset.json", "verdicts.jsonl")


def files(world: Account, number: int) -> tuple[list[str], list[str]]:
    """Write a run's files; return the keys of the large ones and of the small ones."""
    large = [f"demo/runs/{run(number)}/{name}" for name in FILES]
    job = f"tagline--{number:016x}-train-000"
    large.append(f"demo/output/{job}/output/model.tar.gz")
    small = [f"demo/runs/{run(number)}/{name}" for name in SMALL]
    for key in (*large, *small):
        world.s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    return large, small


def marked(world: Account, key: str) -> bool:
    tags: Any = world.s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
    return {"Key": "tagline", "Value": "superseded"} in tags


def test_a_run_long_gone_keeps_its_documents_alone(world: Account) -> None:
    large, small = files(world, 1)
    other_large, _ = files(world, 2)
    gone = (Leaving(run=run(1), since=LONG_AGO),)
    world.put("demo/kept.json", Kept(leaving=gone))
    keep(Bucket(clients.s3(), BUCKET), run(9), ENDED, "tagline")
    assert [marked(world, key) for key in large] == [True] * len(large)
    assert not any(marked(world, key) for key in (*small, *other_large))
    left = world.get("demo/kept.json")
    assert (left["runs"], left["leaving"]) == ([run(9)], [])


@pytest.mark.parametrize(
    ("key", "document"),
    [
        ("champion.json", champion(run=run(1))),
        ("champion.json", champion(run=run(2), previous=run(1))),
        ("packed.json", PackedRuns(run=run(2), before=(run(1),))),
        ("latest.json", Latest(run=run(1), fingerprint="f", outcome=Outcome.PROMOTED)),
        ("newest.json", Newest(run=run(1), started=LONG_AGO)),
    ],
)
def test_a_run_that_a_document_names_stays(world: Account, key: str, document: Any) -> None:
    large, _ = files(world, 1)
    world.put("demo/kept.json", Kept(leaving=(Leaving(run=run(1), since=LONG_AGO),)))
    world.put(f"demo/{key}", document)
    keep(Bucket(clients.s3(), BUCKET), run(9), ENDED, "tagline")
    assert not any(marked(world, name) for name in large)
    assert [each["run"] for each in world.get("demo/kept.json")["leaving"]] == [run(1)]


def test_a_document_that_cannot_be_read_keeps_everything(world: Account) -> None:
    large, _ = files(world, 1)
    world.put("demo/kept.json", Kept(leaving=(Leaving(run=run(1), since=LONG_AGO),)))
    world.s3.put_object(Bucket=BUCKET, Key="demo/champion.json", Body=b"{")
    keep(Bucket(clients.s3(), BUCKET), run(9), ENDED, "tagline")
    assert not any(marked(world, name) for name in large)
    assert world.get("demo/kept.json")["runs"] == []  # the next end tries again


def test_a_run_that_made_nothing_displaces_none(world: Account) -> None:
    unchanged = Ending(outcome=Outcome.UNCHANGED, state="PlanDataset", reason="r")
    keep(Bucket(clients.s3(), BUCKET), run(9), unchanged, "tagline")
    assert "Contents" not in world.s3.list_objects_v2(Bucket=BUCKET, Prefix="demo/kept")
