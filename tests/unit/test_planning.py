"""PlanDataset: rows accounted for, files left, repeats recognised, hopeless lists explained."""

import functools
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tagline import planning
from tagline.planning import plan_dataset
from tagline.reasons import UnusableList
from tagline.settings import InvalidSettings, Settings
from tagline.sharding import cut
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
    request = demo.drop(data)
    answer = demo.plan()
    assert answer == {
        "unchanged": False,
        "reason": "the dataset has no finished run yet",
        "rows": 43,
        "accepted": 40,
        "rejected": 3,
        "reused": 0,
        "train": answer["train"],
        "validation": 40 - answer["train"],
        "shards": 1,
        "plan_key": f"demo/runs/{request.run}/plan.json",
        "shards_key": f"demo/runs/{request.run}/shards.json",
    }
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
        answer["train"],
        answer["validation"],
    )
    assert json.loads(demo.read("shards.json")) == [
        {"shard": "00000", "rows": 40, "bytes": sum(row["size"] for row in rows)}
    ]
    plan = json.loads(demo.read("plan.json"))
    assert plan["labels"] == ["cat", "dog", "bird"]
    assert plan["positives"] == {"cat": 40, "dog": 20, "bird": 14}
    assert plan["list"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert Settings.from_dict(plan["settings"]) == Settings()
    assert plan["accepted"] + plan["rejected"] == plan["rows"]


def test_cuts_large_lists_into_shards(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "cut", functools.partial(cut, max_rows=7))
    demo.drop(demo.fill(20))
    assert demo.plan()["shards"] == 3
    lines = [r["line"] for n in range(3) for r in demo.lines(f"shards/0000{n}.jsonl")]
    assert sorted(lines) == list(range(1, 21))


def test_reads_the_version_that_was_dropped(demo: World) -> None:
    data = demo.fill(5)
    first = demo.drop(data)
    demo.drop(b"1\t0\tnothing.png\n")
    demo.request = first
    assert demo.plan(first)["accepted"] == 5


def test_says_when_the_list_is_gone(demo: World) -> None:
    request = demo.drop(demo.fill(3))
    demo.s3.delete_object(Bucket=BUCKET, Key=request.key, VersionId=request.version_id)
    with pytest.raises(UnusableList, match="was deleted"):
        demo.plan()


def test_says_when_an_unversioned_list_was_overwritten(demo: World) -> None:
    demo.drop(demo.fill(3))
    request = planning.PlanRequest.from_event(
        {**demo.event, "list": {**demo.event["list"], "version_id": "", "etag": "0" * 32}}
    )
    with pytest.raises(UnusableList, match="was overwritten"):
        demo.plan(request)


def finish(demo: World) -> str:
    """Record the planned run as the newest judged one; return its fingerprint."""
    plan = json.loads(demo.read("plan.json"))
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
        assert answer["unchanged"]
        assert first.run in answer["reason"]
        assert (answer["rows"], answer["accepted"], answer["shards"]) == (11, 10, 0)
        assert demo.names() == {
            "plan.json",
            "plan-rejects.jsonl",
            "rejects.jsonl",
            "shards.json",
        }
        assert len(demo.lines("rejects.jsonl")) == 1


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
    assert not answer["unchanged"]
    assert answer["shards"] == 1
    assert json.loads(demo.read("plan.json"))["fingerprint"] != before


def test_a_source_of_another_bucket(demo: World) -> None:
    for number in range(4):
        demo.s3.put_object(Bucket="pictures", Key=f"site/{number}.png", Body=b"p%d" % number)
    demo.put("demo/dataset.yaml", b"source: s3://pictures/site/\n")
    demo.drop(b"".join(b"%d\t1\t%d.png\n" % (n, n) for n in range(4)))
    assert demo.plan()["accepted"] == 4
    assert {row["bucket"] for row in demo.lines("shards/00000.jsonl")} == {"pictures"}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the list is empty"),
        (b"\n\n", "the list is empty"),
        (b"not a list", "the lines are no rows"),
        (
            b"1\t0\t1\ta\n2\t0\t1\t1\tb\n3\t0\t1\tc\n4\t0\t1\t1\td\n",
            "disagree on the number of labels",
        ),
    ],
)
def test_a_list_that_is_none_fails_with_a_sentence(demo: World, data: bytes, sentence: str) -> None:
    demo.drop(data)
    with pytest.raises(UnusableList, match=sentence):
        demo.plan()
    assert demo.names() == set()


def test_a_list_with_nothing_usable_leaves_its_rejects(demo: World) -> None:
    demo.drop(b"".join(b"%d\t1\t0\timages/gone%d.png\n" % (n, n) for n in range(12)))
    with pytest.raises(
        UnusableList, match="none of the 12 rows can be used: missing_object 12; first: line 1"
    ):
        demo.plan()
    assert demo.names() == {"rejects.jsonl"}
    assert [row["line"] for row in demo.lines("rejects.jsonl")] == list(range(1, 13))


def test_rejects_above_the_tolerance_fail(demo: World) -> None:
    data = demo.fill(10) + b"".join(b"x%d\t0\t0\t0\ty\n" % n for n in range(3))
    demo.drop(data)
    assert demo.plan()["rejected"] == 3
    demo.put("demo/dataset.yaml", b"tolerance: {rejected: 0.2}\n")
    demo.drop(data)
    with pytest.raises(
        UnusableList, match=r"3 of 13 rows are rejected.*0\.2.*bad_id 3; first: line 11"
    ):
        demo.plan()
    assert len(demo.lines("rejects.jsonl")) == 3


def test_one_picture_cannot_be_split(demo: World) -> None:
    demo.image("a.png", b"same")
    demo.image("b.png", b"same")
    demo.drop(b"1\t0\timages/a.png\n2\t1\timages/b.png\n")
    with pytest.raises(UnusableList, match=r"2 usable row.*1 different image"):
        demo.plan()


def test_names_that_do_not_fit(demo: World) -> None:
    demo.put("demo/labels.txt", b"cat\ndog\n")
    demo.drop(demo.fill(3))
    with pytest.raises(UnusableList, match="2 names, but the list's rows have 3"):
        demo.plan()


@pytest.mark.parametrize(
    ("key", "content", "sentence"),
    [
        ("demo/dataset.yaml", b"epochs: 3\n", "epochs: no such setting"),
        ("demo/dataset.yaml", b"#" * 70_000, "larger than"),
        ("demo/dataset.yaml", b"source: s3://elsewhere/\n", "elsewhere"),
        ("demo/dataset.yaml", b"source: s3://pictures/\n", None),
        ("demo/labels.txt", b"a\na\nb\n", "named before"),
    ],
)
def test_settings_are_checked_before_rows(
    demo: World, key: str, content: bytes, sentence: str | None
) -> None:
    demo.put(key, content)
    demo.drop(demo.fill(3))
    with pytest.raises(InvalidSettings if sentence else UnusableList, match=sentence):
        demo.plan()


def test_equal_plans_are_equal_bytes(demo: World) -> None:
    demo.drop(demo.fill(30))
    demo.plan()
    first = {name: demo.read(name) for name in demo.names()}
    demo.plan()
    assert {name: demo.read(name) for name in demo.names()} == first


def test_a_bucket_that_cannot_be_listed_costs_its_rows_alone(demo: World) -> None:
    demo.drop(demo.fill(60) + b"999\t0\t0\t1\ts3://gone-bucket/x.png\n")
    demo.put("demo/dataset.yaml", b"tolerance: {rejected: 0.1}\n")
    assert plan_dataset(demo.request, demo.s3, {"gone-bucket"})["accepted"] == 60
    (reject,) = demo.lines("plan-rejects.jsonl")
    assert (reject["line"], reject["reason"]) == (61, "missing_object")
    assert "bucket gone-bucket does not exist" in reject["detail"]


def test_a_bucket_that_refuses_listing_costs_its_rows_alone(demo: World) -> None:
    demo.drop(demo.fill(60) + b"999\t0\t0\t1\ts3://pictures/x.png\n")
    demo.put("demo/dataset.yaml", b"tolerance: {rejected: 0.1}\n")
    refuse_listing(demo, "pictures")
    assert demo.plan()["accepted"] == 60
    (reject,) = demo.lines("plan-rejects.jsonl")
    assert reject["reason"] == "access_denied"
    assert "s3:ListBucket" in reject["detail"]


def test_the_own_source_must_be_listable(demo: World) -> None:
    demo.drop(demo.fill(3))
    demo.put("demo/dataset.yaml", b"source: s3://pictures/site/\n")
    refuse_listing(demo, "pictures")
    with pytest.raises(InvalidSettings, match="listing site/ was refused"):
        demo.plan()
    demo.put("demo/dataset.yaml", b"source: s3://gone-bucket/\n")
    with pytest.raises(InvalidSettings, match="bucket gone-bucket does not exist"):
        plan_dataset(demo.request, demo.s3, {"gone-bucket"})


def refuse_listing(demo: World, bucket: str) -> None:
    def refuse(params: dict[str, Any], **_: object) -> None:
        if params["Bucket"] == bucket:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")

    demo.s3.meta.events.register("provide-client-params.s3.ListObjectsV2", refuse)
