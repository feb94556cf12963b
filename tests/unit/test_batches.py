"""Batches: every line has its verdict, in order, and nothing is published that is not whole."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from tagline.api.clients import ANSWER_SECONDS
from tagline.aws.faults import Absent
from tagline.aws.multipart import join
from tagline.aws.s3 import Bucket
from tagline.batches import planning, publishing, tagging
from tagline.batches.lines import read_paths
from tagline.batches.planning import NoChampion
from tagline.batches.tagging import ModelChanged, ModelFailed
from tagline.fetching.image import ShardOutOfTime
from tagline.formats.batch_keys import BatchKeys, BatchList
from tagline.formats.keys import DatasetKeys
from tagline.formats.names import InvalidName
from tagline.formats.reasons import UnusableList
from tagline.formats.waiting import waiting
from tests.unit.batch_world import BatchWorld, batch_world, refusal
from tests.unit.flow_world import BUCKET, DATASET

TAGS, ROWS = f"{DATASET}/batches/new.tags.jsonl", f"{DATASET}/batches/new.tags.lst"
PUBLISHED = f"{DATASET}/batches/new.tags.json"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchWorld]:
    monkeypatch.setattr(tagging, "_LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(tagging, "_FIRST_PAUSE", 0.01)
    with batch_world(monkeypatch) as made:
        yield made


def test_every_line_has_its_verdict_in_order(world: BatchWorld) -> None:
    world.image("a.png", "red")
    world.image("in/b.png", "round blue")
    world.image("in/c.JPG", "")
    world.image("in/notes.txt")
    world.put(f"{DATASET}/text.png", b"no image")
    world.put(f"{DATASET}/empty.png", b"")
    world.put(f"{DATASET}/big.png", bytes(6 * 1024 * 1024 + 1))
    lines = [
        "a.png", "", "gone.png", "in/", "../x.png", "s3://elsewhere/a.png", "text.png",
        "empty.png", "big.png", "nothing/", f"s3://{BUCKET}/{DATASET}/a.png", "in/b*", "./a.png",
    ]  # fmt: skip
    found = world.through("\r\n".join(lines))
    assert [(row["line"], row["path"], row["reason"]) for row in found] == [
        (1, "a.png", None),
        (3, "gone.png", "missing_object"),
        (4, "in/b.png", None),
        (4, "in/c.JPG", None),
        (5, "../x.png", "bad_path"),
        (6, "s3://elsewhere/a.png", "not_allowed_bucket"),
        (7, "text.png", "unsupported_image"),
        (8, "empty.png", "empty_object"),
        (9, "big.png", "object_too_large"),
        (10, "nothing/", "missing_object"),
        (11, f"s3://{BUCKET}/{DATASET}/a.png", None),
        (12, "in/b.png", None),
        (13, "./a.png", None),
    ]
    assert {row["verdict"] for row in found if row["reason"]} == {"rejected"}
    assert all(row["detail"] for row in found if row["reason"])
    assert found[0]["tags"] == [{"label": "red", "score": 0.9}]
    assert [tag["label"] for tag in found[2]["tags"]] == ["round", "blue"]
    assert found[3] | {"tags": []} == found[3]
    assert {row["run"] for row in found if not row["reason"]} == {world.run}
    rows = [row.split("\t") for row in world.read(ROWS).decode().splitlines()]
    assert rows[0] == ["1", "1", "0", "0", "a.png"]
    assert [row[-1] for row in rows] == [row["path"] for row in found if not row["reason"]]
    assert len({row[0] for row in rows}) == len(rows)


def test_a_status_says_how_it_ended_and_comes_last(world: BatchWorld) -> None:
    world.image("a.png")
    given = world.drop("a.png\nb.png\n")
    planned = world.plan(given)
    assert (planned.images, planned.shards, planned.rejected) == (2, 1, 0)
    world.tag(given.batch, "000000")
    assert not world.there() & {TAGS, ROWS}
    ending = world.publish(given.batch)
    assert (ending.outcome, ending.tagged, ending.rejected) == ("Tagged", 1, 1)
    status = world.json(BatchKeys(given.batch).status)
    assert status["reason"] == "1 of 2 images are tagged"
    assert status["tags"] == f"s3://{BUCKET}/{TAGS}"
    assert world.publish(given.batch) == ending


def test_a_shard_that_is_missing_publishes_nothing(
    world: BatchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SHARD_IMAGES", 2)
    for name in "abc":
        world.image(f"{name}.png")
    given = world.drop("a.png\nb.png\nc.png")
    assert world.plan(given).shards == 2
    world.tag(given.batch, "000001")
    with pytest.raises(Absent, match="was not tagged"):
        world.publish(given.batch)
    assert not world.there() & {TAGS, ROWS}
    world.tag(given.batch, "000000")
    world.publish(given.batch)
    lines = [json.loads(line)["path"] for line in world.read(TAGS).splitlines()]
    assert lines == ["a.png", "b.png", "c.png"]


def test_a_shard_that_is_done_is_not_asked_for_again(world: BatchWorld) -> None:
    world.image("a.png")
    given = world.drop("a.png")
    world.plan(given)
    first = world.tag(given.batch, "000000")
    assert world.tag(given.batch, "000000") == first
    assert world.endpoint.asked == 1


def test_a_list_that_was_dropped_again_is_published_by_its_last_version(world: BatchWorld) -> None:
    world.image("a.png")
    first = world.drop("a.png\n")
    world.plan(first)
    world.tag(first.batch, "000000")
    assert len(world.through("a.png\na.png\n")) == 2
    assert world.publish(first.batch).outcome == "Superseded"
    assert len(world.read(TAGS).splitlines()) == 2


@pytest.mark.parametrize("moment", [ROWS, TAGS])
def test_two_versions_that_publish_at_once_leave_both_files_of_one(
    world: BatchWorld, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    world.image("a.png")
    world.image("b.png", "blue")
    older, newer = "a.png\n", "b.png\nb.png\n"
    first, second = (world.tagged(text) for text in (older, newer))
    world.drop(older)  # as it is when the first one looks

    def join_and_be_overtaken(bucket: Bucket, sources: Any, target: str, kind: str) -> None:
        if target == moment and not overtaken:
            overtaken.append(target)
            world.drop(newer)
            assert world.publish(second).outcome == "Tagged"
        join(bucket, sources, target, kind)

    overtaken: list[str] = []
    monkeypatch.setattr(publishing, "join", join_and_be_overtaken)
    world.publish(first)
    assert overtaken
    assert world.json(PUBLISHED)["batch"] == second
    assert [json.loads(line)["path"] for line in world.read(TAGS).splitlines()] == ["b.png"] * 2
    assert world.read(ROWS).count(b"b.png") == 2


def test_who_claims_first_is_no_later_one(
    world: BatchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is dropped again, tagged and published between the look at it and the claim."""
    world.image("a.png")
    first = world.tagged("a.png\n")
    write_over = Bucket.write_over

    def late(bucket: Bucket, key: str, document: Any, etag: str | None) -> None:
        monkeypatch.setattr(Bucket, "write_over", write_over)
        assert len(world.through("a.png\na.png\n")) == 2
        write_over(bucket, key, document, etag)

    monkeypatch.setattr(Bucket, "write_over", late)
    assert world.publish(first).outcome == "Superseded"
    assert len(world.read(TAGS).splitlines()) == 2


def test_where_nothing_can_be_tagged_both_files_say_so(world: BatchWorld) -> None:
    assert [row["reason"] for row in world.through("x.png\n..\n")] == ["missing_object", "bad_path"]
    assert world.read(ROWS) == b""


def test_without_a_champion_nothing_begins(world: BatchWorld) -> None:
    world.s3.delete_object(Bucket=BUCKET, Key=DatasetKeys(DATASET).champion)
    with pytest.raises(NoChampion, match="has no champion to tag by"):
        world.plan(world.drop("a.png"))


@pytest.mark.parametrize("text", ["", "\n \n", "path\n"])
def test_a_list_of_nothing_is_unusable(world: BatchWorld, text: str) -> None:
    with pytest.raises(UnusableList, match="names no images"):
        world.plan(world.drop(text, "new.csv"))


def test_a_list_that_takes_too_long_to_plan_is_said(world: BatchWorld) -> None:
    with pytest.raises(UnusableList, match="split it into several"):
        world.plan(world.drop("a.png"), seconds=-1)


def test_a_source_bucket_may_be_named_and_listed(world: BatchWorld) -> None:
    world.s3.create_bucket(Bucket="elsewhere")
    world.put("more/a.png", b"\x89PNG\r\n\x1a\nblue", "elsewhere")
    world.sources = frozenset({"elsewhere", "gone"})
    found = world.through("s3://elsewhere/more/\ns3://elsewhere/\ns3://gone/x/\n")
    assert [row["path"] for row in found[:2]] == ["s3://elsewhere/more/a.png"] * 2
    assert found[2]["reason"] == "missing_object"
    assert b"\ts3://elsewhere/more/a.png\n" in world.read(ROWS)


def test_a_shard_that_was_written_by_somebody_else_reads_no_other_dataset(
    world: BatchWorld,
) -> None:
    given = world.drop("a.png")
    world.plan(given)
    key = BatchKeys(given.batch).shard_items("000000")
    stolen = {"number": 1, "line": 1, "path": "x", "bucket": BUCKET, "key": "secret/x.png"}
    world.put(key, json.dumps(stolen).encode())
    world.put("secret/x.png", b"\x89PNG\r\n\x1a\nred")
    assert world.tag(given.batch, "000000").tagged == 0
    assert world.endpoint.asked == 0


def test_a_busy_endpoint_is_waited_for(world: BatchWorld) -> None:
    world.image("a.png")
    world.endpoint.trouble = [
        refusal(503, "busy"),
        refusal(0, "", "ThrottlingException"),
        refusal(500, "crashed"),
    ]
    world.endpoint.trouble[1].response["ResponseMetadata"] = {"HTTPStatusCode": 400}  # type: ignore[attr-defined]
    assert [row["verdict"] for row in world.through("a.png")] == ["tagged"]
    assert world.endpoint.asked == 4


def test_an_image_that_the_model_refuses_or_fails_on_has_a_verdict(world: BatchWorld) -> None:
    for name, words in (("a", "red"), ("bomb", "bomb"), ("crash", "crash")):
        world.image(f"{name}.png", words)

    def before(body: bytes) -> None:
        if body.endswith(b"bomb"):
            raise refusal(413, "too_many_pixels")
        if body.endswith(b"crash"):
            raise refusal(500, "crashed")

    world.endpoint.before = before
    found = world.through("a.png\nbomb.png\ncrash.png")
    assert [row["reason"] for row in found] == [None, "too_many_pixels", "model_failed"]


def test_a_model_that_answers_nothing_fails_the_shard(world: BatchWorld) -> None:
    for name in "ab":
        world.image(f"{name}.png")
    given = world.drop("a.png\nb.png")
    world.plan(given)
    world.endpoint.trouble = [refusal(500, "crashed") for _ in range(20)]
    with pytest.raises(ModelFailed):
        world.tag(given.batch, "000000")


def test_an_endpoint_that_stays_busy_ends_the_call(world: BatchWorld) -> None:
    world.image("a.png")
    given = world.drop("a.png")
    world.plan(given)
    world.endpoint.trouble = [refusal(503, "busy") for _ in range(5000)]
    with pytest.raises(ShardOutOfTime):
        world.tag(given.batch, "000000", seconds=0.2)
    assert not [key for key in world.there() if "/tagged/" in key]


def test_an_image_that_the_endpoint_has_no_time_for_holds_nobody_up(
    world: BatchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagging, "_PATIENCE", 0.0)
    world.image("a.png")
    world.image("heavy.png", "heavy")

    def before(body: bytes) -> None:
        if body.endswith(b"heavy"):
            raise refusal(503, "busy")

    world.endpoint.before = before
    found = world.through("a.png\nheavy.png")
    assert [row["reason"] for row in found] == [None, "busy"]
    given = world.drop("heavy.png", "heavy.txt")
    world.plan(given)
    with pytest.raises(ModelFailed):
        world.tag(given.batch, "000000")


def test_an_answer_that_does_not_come_in_time_is_a_failure_of_the_model(world: BatchWorld) -> None:
    world.image("a.png")
    world.image("slow.png", "slow")

    def before(body: bytes) -> None:
        if body.endswith(b"slow"):
            raise ReadTimeoutError(endpoint_url="u")

    world.endpoint.before = before
    found = world.through("a.png\nslow.png")
    assert [row["reason"] for row in found] == [None, "model_failed"]
    assert waiting(ANSWER_SECONDS) in world.endpoint.told


def test_another_model_with_other_labels_ends_it(world: BatchWorld) -> None:
    world.image("a.png")
    given = world.drop("a.png")
    world.plan(given)
    world.endpoint.labels = ("red", "square", "blue")
    with pytest.raises(ModelChanged, match="upload the list again"):
        world.tag(given.batch, "000000")


def test_what_no_retry_can_cure_is_raised(world: BatchWorld) -> None:
    world.image("a.png")
    given = world.drop("a.png")
    world.plan(given)
    world.endpoint.trouble = [refusal(0, "", "AccessDeniedException")]
    with pytest.raises(ClientError):
        world.tag(given.batch, "000000")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("new.lst", "7\t1\t0\t1\ta.png\nb.png\n"),
        ("new.csv", 'id,Path\n7,a.png\n8,"b.png"\n'),
        ("new.csv", "a.png,red\nb.png,\n"),
        ("new.csv", '\ufeffFile;note\r\na.png;"1,5"\r\nb.png;\r\n'),  # as Excel has it in Europe
        ("new.csv", "note\turl\nx, y\ta.png\n\tb.png\n"),
        ("new.csv", "a.png;1\nb.png;2\n"),
        ("new.txt.gz", "a.png\nb.png\n"),
    ],
)
def test_the_forms_of_a_list(world: BatchWorld, name: str, text: str) -> None:
    for image in ("a.png", "b.png"):
        world.image(image)
    body = text.encode()
    found = world.through(gzip.compress(body) if name.endswith(".gz") else body, name)
    assert [row["path"] for row in found] == ["a.png", "b.png"]
    assert {row["verdict"] for row in found} == {"tagged"}


@pytest.mark.parametrize(
    "key",
    ["demo/batches/x.tags.lst", "demo/batches/x/y.txt", "demo/batches/x.json", "demo/lists/x.txt",
     "-/batches/x.txt", "demo/batches/x.TXT", "batches/x.txt"],
)  # fmt: skip
def test_other_keys_are_no_batches(key: str) -> None:
    with pytest.raises(InvalidName):
        BatchList.of(key)


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=20),
       st.sampled_from(["txt", "lst", "csv"]))  # fmt: skip
def test_no_line_is_lost(lines: list[bytes], kind: str) -> None:
    import io

    text = b"\n".join([b"x", *lines])  # neither gzip nor a BOM
    wanted = [number for number, line in enumerate(text.split(b"\n"), 1) if line.strip()]
    found = list(read_paths(io.BytesIO(text), kind))
    assert [named.line for named in found] == wanted
    assert all(named.path or named.reason for named in found)
