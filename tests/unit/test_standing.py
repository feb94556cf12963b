"""The last list dropped decides: what a plan compares itself with, and who gives way to whom."""

import json
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tagline.aws.s3 import Bucket
from tagline.drift.retraining import run_again
from tagline.formats.document import encode
from tagline.formats.outcomes import Latest, Newest, Outcome
from tagline.formats.settings import Settings
from tagline.formats.steps import RunInput
from tagline.planning.standing import DamagedChampion, claim, overtaken_by
from tests.unit.documents import champion, status
from tests.unit.ingest_world import BUCKET, World, world

DAMAGED = [b"", b"{", b"[]", b"{}", b'{"run": 7}', b'{"format": 9}']


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


@pytest.fixture
def bucket(demo: World) -> Bucket:
    return Bucket(demo.s3, BUCKET)


def dropped(demo: World, data: bytes, second: int, sequencer: str = "") -> RunInput:
    """Drop a list; return the input of its run."""
    event = demo.drop(data)
    started = f"2026-11-12T00:00:{second:02}Z"
    demo.event = replace(event, started=started, sequencer=sequencer)
    return demo.event


def promote(demo: World, run: str) -> None:
    """Make a planned run champion, as RecordChampion does; latest.json comes later."""
    demo.put("demo/champion.json", encode(champion(run=run)))


def judge(demo: World, run: str, outcome: Outcome) -> None:
    """Write latest.json for a planned run."""
    plan = json.loads(
        demo.s3.get_object(Bucket=BUCKET, Key=f"demo/runs/{run}/plan.json")["Body"].read()
    )
    latest = Latest(run=run, fingerprint=plan["fingerprint"], outcome=outcome)
    demo.put("demo/latest.json", encode(latest))


def end(demo: World, run: str, outcome: Outcome) -> None:
    demo.put(f"demo/runs/{run}/status.json", encode(status(run=run, outcome=outcome)))


def test_three_lists_in_two_seconds_the_last_like_the_champions(
    demo: World, bucket: Bucket
) -> None:
    data = demo.fill(10)
    first = dropped(demo, data, 0)
    demo.plan()
    promote(demo, first.run)
    judge(demo, first.run, Outcome.PROMOTED)
    second = dropped(demo, data.split(b"\n", 1)[1], 1, "01")
    assert not demo.plan().unchanged
    third = dropped(demo, data.split(b"\n", 2)[2], 1, "0a")
    assert not demo.plan().unchanged
    last = dropped(demo, data, 2)
    answer = demo.plan()
    assert answer.unchanged
    end(demo, last.run, Outcome.UNCHANGED)
    assert overtaken_by(bucket, second.run) == last.run
    assert overtaken_by(bucket, third.run) == last.run
    assert overtaken_by(bucket, last.run) is None


def test_an_older_list_that_is_planned_later_gives_way_at_once(demo: World) -> None:
    data = demo.fill(10)
    older = dropped(demo, data.split(b"\n", 1)[1], 1, "01")
    newer = dropped(demo, data, 1, "0a")
    assert not demo.plan(newer).superseded
    answer = demo.plan(older)
    assert answer.superseded
    assert not answer.unchanged
    assert (answer.shards, answer.reason) == (
        0,
        f"run {newer.run}, of a list that was dropped later, decides",
    )


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ROLLED_BACK])
def test_a_newer_list_that_failed_decides_nothing(
    demo: World, bucket: Bucket, outcome: Outcome
) -> None:
    data = demo.fill(10)
    older = dropped(demo, data.split(b"\n", 1)[1], 1)
    newer = dropped(demo, data, 2)
    demo.plan(newer)
    end(demo, newer.run, outcome)
    assert not demo.plan(older).superseded
    assert overtaken_by(bucket, older.run) is None


def test_a_list_of_no_use_overtakes_nobody(demo: World, bucket: Bucket) -> None:
    older = dropped(demo, demo.fill(10), 1)
    demo.plan(older)
    useless = dropped(demo, b"1\t0\tnothing.png\n", 2)
    with pytest.raises(Exception, match="missing_object"):
        demo.plan(useless)
    assert overtaken_by(bucket, older.run) is None


def test_who_claims_while_another_does_looks_again(
    demo: World, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = demo.fill(3)
    older = dropped(demo, data, 1)
    newer = dropped(demo, data + b"7\t1\t1\t1\timages/0.png\n", 2)
    write = Bucket.write_over
    raced: list[str] = []

    def first_the_newer(this: Bucket, *arguments: object) -> None:
        if not raced:
            raced.append("newer")
            assert claim(this, newer, Settings()) is None
        write(this, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Bucket, "write_over", first_the_newer)
    assert claim(bucket, older, Settings()) == newer.run


def test_thresholds_set_by_hand_hold_from_the_newest_plan_on(demo: World, bucket: Bucket) -> None:
    data = demo.fill(10)
    first = dropped(demo, data, 0)
    demo.plan()
    promote(demo, first.run)
    assert bucket.read("demo/newest.json", Newest).thresholds == {}
    demo.put("demo/dataset.yaml", b"thresholds: {label_002: 0.4}")
    again = dropped(demo, data, 1)
    assert demo.plan(again).unchanged
    newest = bucket.read("demo/newest.json", Newest)
    assert (newest.run, newest.thresholds) == (again.run, {"label_002": 0.4})


def test_a_list_that_says_why_is_trained_though_nothing_changed(
    demo: World, bucket: Bucket
) -> None:
    data = demo.fill(10)
    first = dropped(demo, data, 0)
    demo.plan()
    promote(demo, first.run)
    judge(demo, first.run, Outcome.PROMOTED)
    dropped(demo, data, 1)
    assert demo.plan().unchanged
    assert run_again(bucket, "demo", "the images drifted") == "demo/lists/all.lst"
    written = demo.s3.head_object(Bucket=BUCKET, Key="demo/lists/all.lst")
    again = replace(demo.event.list, version_id=written["VersionId"])
    demo.event = replace(demo.event, run="demo-00000000000000aa", list=again)
    answer = demo.plan()
    assert not answer.unchanged
    assert answer.reason == "trained though nothing changed: the images drifted"
    assert json.loads(demo.read("plan.json"))["list"]["train_anyway"] == "the images drifted"


def test_unchanged_is_compared_with_what_serves_now(demo: World) -> None:
    """A champion that latest.json does not tell of yet: its predecessor's list is no longer it."""
    data = demo.fill(10)
    first = dropped(demo, data, 0)
    demo.plan()
    judge(demo, first.run, Outcome.PROMOTED)
    second = dropped(demo, data.split(b"\n", 1)[1], 1)
    demo.plan()
    promote(demo, second.run)
    dropped(demo, data, 2)
    assert not demo.plan().unchanged
    dropped(demo, data.split(b"\n", 1)[1], 3)
    assert demo.plan().unchanged


def test_what_was_not_promoted_is_not_tried_again(demo: World) -> None:
    data = demo.fill(10)
    first = dropped(demo, data, 0)
    demo.plan()
    promote(demo, first.run)
    second = dropped(demo, data.split(b"\n", 1)[1], 1)
    demo.plan()
    judge(demo, second.run, Outcome.NOT_PROMOTED)
    for again in (data, data.split(b"\n", 1)[1]):
        dropped(demo, again, 2)
        assert demo.plan().unchanged


def test_without_its_champion_a_dataset_is_trained_again(demo: World) -> None:
    data = demo.fill(10)
    first = dropped(demo, data, 0)
    demo.plan()
    judge(demo, first.run, Outcome.PROMOTED)
    dropped(demo, data, 1)
    assert not demo.plan().unchanged


@pytest.mark.parametrize("damaged", DAMAGED)
@pytest.mark.parametrize("name", ["latest.json", "newest.json", "packed.json"])
def test_a_damaged_memory_counts_as_absent(
    demo: World, caplog: pytest.LogCaptureFixture, name: str, damaged: bytes
) -> None:
    demo.put(f"demo/{name}", damaged)
    dropped(demo, demo.fill(10), 0)
    assert not demo.plan().unchanged
    assert f"demo/{name}" in caplog.text


@pytest.mark.parametrize("run", ["nonsense", "other-0123456789abcdef", "../../x"])
def test_a_judged_run_of_another_dataset_teaches_nothing(
    demo: World, caplog: pytest.LogCaptureFixture, run: str
) -> None:
    """Its fingerprint is this list's: whoever writes latest.json could have nothing trained."""
    dropped(demo, demo.fill(10), 0)
    demo.plan()
    judge(demo, demo.event.run, Outcome.NOT_PROMOTED)
    latest = json.loads(demo.s3.get_object(Bucket=BUCKET, Key="demo/latest.json")["Body"].read())
    demo.put("demo/latest.json", json.dumps(latest | {"run": run}).encode())
    dropped(demo, demo.fill(10), 1)
    assert not demo.plan().unchanged
    assert repr(run) in caplog.text


@pytest.mark.parametrize("run", ["nonsense", "other-0123456789abcdef"])
def test_packed_sets_of_nobody_are_passed_over(
    demo: World, caplog: pytest.LogCaptureFixture, run: str
) -> None:
    demo.put("demo/packed.json", json.dumps({"run": run, "before": [run]}).encode())
    dropped(demo, demo.fill(10), 0)
    demo.plan()
    assert run in caplog.text


@pytest.mark.parametrize("damaged", [*DAMAGED, encode(champion(run="other-0123456789abcdef"))])
def test_a_damaged_champion_is_told_before_anything_is_trained(demo: World, damaged: bytes) -> None:
    demo.put("demo/champion.json", damaged)
    dropped(demo, demo.fill(10), 0)
    with pytest.raises(DamagedChampion, match=r"s3://data/demo/champion\.json.*upload the list"):
        demo.plan()
    assert demo.names() == set()
