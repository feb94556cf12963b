"""PlanDataset refuses a list that no run can use, and the rows of buckets that it cannot list."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject
from tagline.formats.settings import Tolerance
from tagline.planning.locating import JudgedRows
from tagline.planning.plan import plan_dataset
from tagline.settings import InvalidSettings
from tests.unit.ingest_world import World, world


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


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
        (b"1\t1,0\t0,0\ta\n2\t0,0\t1,0\tb\n", "labels hold commas; a decimal comma?"),
        (b"1\t1,0\ta\n2\t0,0\tb\n", "1 with a decimal comma, or 2 of which every second"),
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
    assert demo.plan().rejected == 3
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


def test_a_threshold_of_a_label_that_the_list_has_not(demo: World) -> None:
    demo.put("demo/labels.txt", b"cat\ndog\nbird\n")
    demo.put("demo/dataset.yaml", b"thresholds: {brid: 0.4}\n")
    demo.drop(demo.fill(9))
    with pytest.raises(InvalidSettings, match=r"thresholds.brid: .*near it: bird"):
        demo.plan()


@pytest.mark.parametrize(
    ("key", "content", "sentence"),
    [
        ("demo/dataset.yaml", b"epochs: 3\n", "epochs: no such setting"),
        ("demo/dataset.yaml", b"#" * 70_000, "dataset.yaml is larger than 65,536 bytes"),
        ("demo/dataset.yaml", b"source: s3://elsewhere/\n", "source: .*elsewhere"),
        ("demo/labels.txt", b"a\na\nb\n", "line 2: 'a' was named before, in line 1"),
    ],
)
def test_settings_are_checked_before_rows(
    demo: World, key: str, content: bytes, sentence: str
) -> None:
    demo.put(key, content)
    demo.drop(b"not a list")
    with pytest.raises(InvalidSettings, match=sentence):
        demo.plan()
    assert demo.names() == set()


def test_rows_are_looked_up_in_the_datasets_own_source(demo: World) -> None:
    data = demo.fill(3)
    demo.drop(data)
    demo.put("demo/dataset.yaml", b"source: s3://pictures/site/\n")
    with pytest.raises(
        UnusableList, match=r"missing_object 3; first: line 1: .*s3://pictures/site/"
    ):
        demo.plan()
    for number in range(3):
        demo.s3.put_object(Bucket="pictures", Key=f"site/images/{number}.png", Body=b"%d" % number)
    assert demo.plan().accepted == 3


def test_a_bucket_that_cannot_be_listed_costs_its_rows_alone(demo: World) -> None:
    demo.drop(demo.fill(60) + b"999\t0\t0\t1\ts3://gone-bucket/x.png\n")
    demo.put("demo/dataset.yaml", b"tolerance: {rejected: 0.1}\n")
    assert plan_dataset(demo.event, demo.s3, {"gone-bucket"}).accepted == 60
    (reject,) = demo.lines("plan-rejects.jsonl")
    assert (reject["line"], reject["reason"]) == (61, "missing_object")
    assert "bucket gone-bucket does not exist" in reject["detail"]


def test_a_bucket_that_refuses_listing_costs_its_rows_alone(demo: World) -> None:
    demo.drop(demo.fill(60) + b"999\t0\t0\t1\ts3://pictures/x.png\n")
    demo.put("demo/dataset.yaml", b"tolerance: {rejected: 0.1}\n")
    refuse_listing(demo, "pictures")
    assert demo.plan().accepted == 60
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
        plan_dataset(demo.event, demo.s3, {"gone-bucket"})


def refuse_listing(demo: World, bucket: str) -> None:
    def refuse(params: dict[str, Any], **_: object) -> None:
        if params["Bucket"] == bucket:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")

    demo.s3.meta.events.register("provide-client-params.s3.ListObjectsV2", refuse)


def test_the_four_commonest_faults_are_told_with_the_first_row() -> None:
    reasons = [Reason.BAD_ID] * 6 + [Reason.BAD_LABEL] * 5 + [Reason.BAD_PATH] * 4
    reasons += [Reason.EMPTY_OBJECT] * 3 + [Reason.DUPLICATE_ID] * 2
    rejects = [
        Reject(line=line, id=1, path="a", reason=reason, detail=f"why {line}")
        for line, reason in enumerate(reasons, start=3)
    ]
    JudgedRows(Tolerance(rejected=0.5), rejects, rows=40, accepted=20).check()
    some = JudgedRows(Tolerance(rejected=0.25), rejects * 30, rows=2000, accepted=1)
    told = "bad_id 180, bad_label 150, bad_path 120, empty_object 90; first: line 3: why 3"
    with pytest.raises(UnusableList) as caught:
        some.check()
    assert str(caught.value) == (
        "600 of 2,000 rows are rejected, above the tolerated share of 0.25 (tolerance.rejected): "
        + told
    )
    some.accepted = 0
    with pytest.raises(UnusableList, match=f"^none of the 2,000 rows can be used: {told}$"):
        some.check()
