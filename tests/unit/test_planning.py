"""PlanDataset: rows accounted for, files left, repeats recognised, hopeless lists explained."""

import functools
import hashlib
import json
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tagline.formats.document import decode, encode
from tagline.formats.models import LabelMetrics
from tagline.formats.plan import DroppedList, Plan
from tagline.formats.reasons import UnusableList
from tagline.formats.settings import Settings
from tagline.formats.steps import PlanAnswer
from tagline.planning import writing
from tagline.planning.sharding import cut
from tests.unit.documents import champion, metrics
from tests.unit.ingest_world import BUCKET, World, world


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


def test_plans_a_list_with_a_few_bad_rows(demo: World) -> None:
    data = demo.fill(40)
    demo.image("empty.png", b"")
    data += b"7\t0\t1\t0\timages/gone.png\n8\t0\t5\t0\timages/1.png\n9\t0\t0\t0\timages/empty.png\n"
    demo.put("demo/labels.txt", b"cat\ndog\nbird\n")
    event = demo.drop(data)
    answer = demo.plan()
    assert answer == PlanAnswer(
        unchanged=False,
        reason="the dataset has no finished run yet",
        rows=43,
        accepted=40,
        rejected=3,
        reused=0,
        train=answer.train,
        validation=40 - answer.train - answer.test,
        test=answer.test,
        shards=1,
        shards_key=f"demo/runs/{event.run}/shards.json",
    )
    assert demo.names() == {
        "images.jsonl",
        "plan.json",
        "plan-rejects.jsonl",
        "shards.json",
        "shards/00000.jsonl",
    }
    assert [
        (r["line"], r["id"], r["path"], r["reason"]) for r in demo.lines("plan-rejects.jsonl")
    ] == [
        (41, 7, "images/gone.png", "missing_object"),
        (42, 8, "images/1.png", "bad_label"),
        (43, 9, "images/empty.png", "empty_object"),
    ]
    rows = demo.lines("shards/00000.jsonl")
    assert set(rows[0]) == {
        "line", "id", "path", "bucket", "key", "etag", "size", "labels", "split",
    }  # fmt: skip
    assert sorted(row["line"] for row in rows) == list(range(1, 41))
    assert [row["line"] for row in rows] != list(range(1, 41))  # in packing order
    first = next(row for row in rows if row["line"] == 4)
    assert first["labels"] == "101"
    assert first["key"] == "demo/images/3.png"
    assert first["etag"] == hashlib.md5(b"picture 3").hexdigest()
    assert first["size"] == len(b"picture 3")
    sides = [row["split"] for row in rows]
    assert (sides.count("train"), sides.count("validation")) == (
        answer.train,
        answer.validation,
    )
    assert json.loads(demo.read("shards.json")) == [
        {"shard": "00000", "rows": 40, "bytes": sum(row["size"] for row in rows)}
    ]
    plan = json.loads(demo.read("plan.json"))
    assert plan["labels"] == ["cat", "dog", "bird"]
    assert plan["positives"] == {"cat": 40, "dog": 20, "bird": 14}
    assert plan["list"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert decode(demo.read("plan.json"), Plan, "plan.json").settings == Settings()
    assert plan["accepted"] + plan["rejected"] == plan["rows"]


def test_cuts_large_lists_into_shards(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "cut", functools.partial(cut, max_rows=7))
    demo.drop(demo.fill(20))
    assert demo.plan().shards == 3
    lines = [r["line"] for n in range(3) for r in demo.lines(f"shards/0000{n}.jsonl")]
    assert sorted(lines) == list(range(1, 21))


def test_reads_the_version_that_was_dropped(demo: World) -> None:
    data = demo.fill(5)
    first = demo.drop(data)
    demo.drop(b"1\t0\tnothing.png\n")
    demo.event = first
    assert demo.plan(first).accepted == 5


def test_says_when_the_list_is_gone(demo: World) -> None:
    event = demo.drop(demo.fill(3))
    demo.s3.delete_object(Bucket=BUCKET, Key=event.list.key, VersionId=event.list.version_id)
    with pytest.raises(UnusableList, match="was deleted"):
        demo.plan()


def test_says_when_an_unversioned_list_was_overwritten(demo: World) -> None:
    demo.drop(demo.fill(3))
    other = DroppedList(key=demo.event.list.key, etag="0" * 32)
    with pytest.raises(UnusableList, match="was overwritten"):
        demo.plan(replace(demo.event, list=other))


def finish(demo: World) -> str:
    """Record the planned run as the newest judged one, and champion; return its fingerprint."""
    plan = json.loads(demo.read("plan.json"))
    demo.put("demo/champion.json", encode(champion(run=plan["run"])))
    latest = {"run": plan["run"], "fingerprint": plan["fingerprint"], "outcome": "Promoted"}
    demo.put("demo/latest.json", json.dumps(latest).encode())
    return str(plan["fingerprint"])


def test_the_same_again_is_unchanged(demo: World) -> None:
    data = demo.fill(10) + b"x\t0\t0\t0\timages/0.png\n"
    first = demo.drop(data)
    demo.plan()
    finish(demo)
    shuffled = b"".join(reversed(data.splitlines(keepends=True)))
    for again in (
        data,
        shuffled,
        data.replace(b"\n", b"\r\n"),
        data.replace(b"\timages", b" \t /images"),
    ):
        second = demo.drop(again)
        answer = demo.plan()
        assert second.run != first.run
        assert answer.unchanged
        assert first.run in answer.reason
        assert (answer.rows, answer.accepted, answer.shards) == (11, 10, 0)
        assert demo.names() == {
            "plan.json",
            "plan-rejects.jsonl",
            "rejects.jsonl",
            "shards.json",
        }
        assert len(demo.lines("rejects.jsonl")) == 1


def test_an_unchanged_list_says_which_thresholds_it_sets_and_which_run_it_equals(
    demo: World,
) -> None:
    data = demo.fill(10)
    demo.put("demo/labels.txt", b"cat\ndog\nsun\n")
    first = demo.drop(data)
    demo.plan()
    finish(demo)
    labels = tuple(
        LabelMetrics(label=name, ap=0.9, f1=0.8, support=9, threshold=threshold, chosen=chosen)
        for name, threshold, chosen in (
            ("cat", 0.3649, None),
            ("dog", 0.2, 0.41),
            ("sun", 0.5, None),
        )
    )
    evaluated = replace(metrics(0.9, None), labels=labels)
    demo.put(f"demo/runs/{first.run}/metrics.json", encode(evaluated))
    for settings, said in (
        (b"thresholds: {cat: 0.15}", "; threshold of cat: 0.3649 -> 0.15 by hand, in force"),
        (b"thresholds: {cat: 0.15}", f"those of run {first.run} (Promoted)"),
        (
            b"thresholds: {cat: 0.2, dog: 0.1}",
            "; thresholds of cat: 0.15 by hand -> 0.2 by hand, dog: 0.4100 -> 0.1 by hand, in",
        ),
        (b"thresholds: {dog: 0.1}", "; threshold of cat: 0.2 by hand -> 0.3649, in force within"),
    ):
        demo.put("demo/dataset.yaml", settings)
        demo.drop(data)
        answer = demo.plan()
        assert answer.unchanged
        assert said in answer.reason
        assert ("threshold" in answer.reason) is ("threshold" in said)
        assert json.loads(demo.read("plan.json"))["same_as"] == first.run


@pytest.mark.parametrize("change", ["image", "label", "row", "name", "setting", "less"])
def test_any_change_is_a_new_dataset(demo: World, change: str) -> None:
    data = demo.fill(10)
    demo.drop(data)
    demo.plan()
    before = finish(demo)
    if change == "image":
        demo.image("3.png", b"another picture")
    elif change == "label":
        data = data.replace(b"101\t1\t0\t0", b"101\t1\t0\t1")
    elif change == "row":
        demo.image("new.png", b"new")
        data += b"999\t0\t0\t0\timages/new.png\n"
    elif change == "name":
        demo.put("demo/labels.txt", b"x\ny\nz\n")
    elif change == "setting":
        demo.put("demo/dataset.yaml", b"image: {size: 64}\n")
    else:
        data = data.split(b"\n", 1)[1]
    demo.drop(data)
    answer = demo.plan()
    assert not answer.unchanged
    assert answer.shards == 1
    assert json.loads(demo.read("plan.json"))["fingerprint"] != before


def test_a_source_of_another_bucket(demo: World) -> None:
    for number in range(4):
        demo.s3.put_object(Bucket="pictures", Key=f"site/{number}.png", Body=b"p%d" % number)
    demo.put("demo/dataset.yaml", b"source: s3://pictures/site/\n")
    demo.drop(b"".join(b"%d\t1\t%d.png\n" % (n, n) for n in range(4)))
    assert demo.plan().accepted == 4
    assert {row["bucket"] for row in demo.lines("shards/00000.jsonl")} == {"pictures"}


def test_equal_plans_are_equal_bytes(demo: World) -> None:
    demo.drop(demo.fill(30))
    demo.plan()
    first = {name: demo.read(name) for name in demo.names()}
    demo.plan()
    assert {name: demo.read(name) for name in demo.names()} == first


EARLIER = "demo-00000000000000ff"


@pytest.mark.parametrize("content", [b"junk", b"[]", b"{}", b'{"run": 1}', b'{"format": 9}'])
@pytest.mark.parametrize("key", ["demo/packed.json", f"demo/runs/{EARLIER}/dataset.json"])
def test_packed_sets_that_cannot_be_read_are_passed_over(
    demo: World, key: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    demo.put("demo/packed.json", json.dumps({"run": EARLIER}).encode())
    demo.put(key, content)
    demo.drop(demo.fill(3))
    assert (demo.plan().accepted, demo.plan().reused) == (3, 0)
    assert "is reused" in caplog.text
    assert key in caplog.text
