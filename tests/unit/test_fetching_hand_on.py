"""A shard that cannot be done in one call: handed on, gone on with, no image fetched twice."""

import io
import itertools
import tarfile
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tagline.fetching import arriving, shard
from tagline.fetching.image import Fetched, ShardOutOfTime, fetch_image
from tagline.fetching.shard import fetch_shard
from tagline.formats.rows import PlannedRow
from tagline.formats.steps import FetchAnswer, FetchEvent
from tests.unit.ingest_world import BUCKET, World, world

pytestmark = pytest.mark.slow

IMAGES = 100


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        made.drop(made.fill(IMAGES))
        made.plan()
        yield made


def fetch(demo: World) -> FetchAnswer:
    return fetch_shard(event(demo), demo.s3, lambda: 60.0)


def event(demo: World) -> FetchEvent:
    return FetchEvent(bucket=BUCKET, run=demo.event.run, shard="00000")


def images(demo: World) -> dict[str, bytes]:
    """Return the shard's images by line number."""
    with tarfile.open(fileobj=io.BytesIO(demo.read("shards/00000.tar"))) as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        assert len(files) == len(tar.getnames())
        return {name: file.read() for name, file in files.items() if file is not None}


def part_images(demo: World) -> list[str]:
    return sorted(name for name in demo.names() if "/00000.part-" in name)


class Failing:
    """fetch_image that raises what it is given after some images, once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int, error: Exception) -> None:
        self.asked: Counter[int] = Counter()
        self._order = itertools.count()
        self._after = after
        self._error: Exception | None = error
        monkeypatch.setattr(arriving, "fetch_image", self)
        monkeypatch.setattr(arriving, "WORKERS", 1)

    def __call__(self, client: Any, row: PlannedRow, deadline: float, wait: Any) -> Fetched:
        if self._error is not None and next(self._order) == self._after:
            error, self._error = self._error, None
            raise error
        self.asked[row.line] += 1
        return fetch_image(client, row, deadline, wait)


def test_out_of_time_hands_on_what_is_left(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(demo)
    at_once = images(demo), demo.read("shards/00000.verdicts.jsonl")
    demo.s3.delete_object(
        Bucket=BUCKET, Key=f"demo/runs/{demo.event.run}/shards/00000.verdicts.jsonl"
    )
    failing = Failing(monkeypatch, 30, ShardOutOfTime())
    first = fetch(demo)
    assert (first.fetched, first.rejected, first.left) == (30, 0, 70)
    assert "shards/00000.verdicts.jsonl" not in demo.names()
    second = fetch(demo)
    assert (second.fetched, second.left) == (IMAGES, 0)
    assert second.bytes == sum(row["size"] for row in demo.lines("shards/00000.jsonl"))
    assert set(failing.asked.values()) == {1}
    assert len(failing.asked) == IMAGES
    assert (images(demo), demo.read("shards/00000.verdicts.jsonl")) == at_once


def test_a_shard_can_be_handed_on_again_and_again(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[int] = Counter()
    for left in (60, 20, 0):
        failing = Failing(monkeypatch, 40, ShardOutOfTime())
        assert fetch(demo).left == left
        asked += failing.asked
    assert set(asked.values()) == {1}
    assert images(demo) == {str(line): b"picture %d" % (line - 1) for line in range(1, IMAGES + 1)}


def test_an_error_keeps_what_is_done_for_the_retry(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down = ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")
    failing = Failing(monkeypatch, 25, slow_down)
    with pytest.raises(ClientError, match="SlowDown"):
        fetch(demo)
    assert fetch(demo).fetched == IMAGES
    assert set(failing.asked.values()) == {1}


class OneLate:
    """fetch_image whose first row waits until `others` images came, and fails; once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, line: int, others: int) -> None:
        self.asked: Counter[int] = Counter()
        self._line: int | None = line
        self._others = others
        self._lock = threading.Lock()
        self._came = threading.Event()
        monkeypatch.setattr(arriving, "fetch_image", self)

    def __call__(self, client: Any, row: PlannedRow, deadline: float, wait: Any) -> Fetched:
        with self._lock:
            self.asked[row.line] += 1
            late = row.line == self._line
        if late:
            assert self._came.wait(30)
            self._line = None
            raise ClientError({"Error": {"Code": "ExpiredToken"}}, "GetObject")
        image = fetch_image(client, row, deadline, wait)
        with self._lock:
            self._others -= 1
            if not self._others:
                self._came.set()
        return image


def test_a_late_row_holds_up_no_other(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(demo)
    at_once = images(demo), demo.read("shards/00000.verdicts.jsonl")
    demo.s3.delete_object(
        Bucket=BUCKET, Key=f"demo/runs/{demo.event.run}/shards/00000.verdicts.jsonl"
    )
    first = demo.lines("shards/00000.jsonl")[0]["line"]
    late = OneLate(monkeypatch, first, IMAGES - 1)
    with pytest.raises(ClientError, match="ExpiredToken"):
        fetch(demo)
    assert len(demo.lines("shards/00000.part.jsonl")) == IMAGES - 1
    assert fetch(demo).fetched == IMAGES
    assert late.asked.pop(first) == 2
    assert set(late.asked.values()) == {1}
    assert (images(demo), demo.read("shards/00000.verdicts.jsonl")) == at_once


def test_images_on_their_way_are_kept_when_the_call_stops(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[int] = Counter()
    lines = [row["line"] for row in demo.lines("shards/00000.jsonl")]
    begun = threading.Barrier(2)

    def stopping(client: Any, row: PlannedRow, deadline: float, wait: Any) -> Fetched:
        asked[row.line] += 1
        if row.line in lines[:2] and sum(asked.values()) <= 2:
            begun.wait(30)
            if row.line == lines[0]:
                raise ShardOutOfTime
            assert wait(30)  # until the call is stopped
        return fetch_image(client, row, deadline, wait)

    monkeypatch.setattr(arriving, "fetch_image", stopping)
    monkeypatch.setattr(arriving, "WORKERS", 2)
    assert fetch(demo).left == IMAGES - 1
    assert fetch(demo).left == 0
    assert asked.pop(lines[0]) == 2
    assert set(asked.values()) == {1}


def test_images_that_come_just_after_the_deadline_complete_the_shard(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_client: Any, _row: PlannedRow, _deadline: float, wait: Any) -> Fetched:
        assert wait(30)  # until the call is stopped
        return Fetched(b"image")

    monkeypatch.setattr(arriving, "fetch_image", late)
    monkeypatch.setattr(arriving, "WORKERS", IMAGES)
    assert fetch_shard(event(demo), demo.s3, lambda: 0.0).left == 0
    assert len(demo.lines("shards/00000.verdicts.jsonl")) == IMAGES


def test_calls_that_overlap_leave_parts_that_are_whole(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = f"demo/runs/{demo.event.run}/shards/00000.part.jsonl"
    Failing(monkeypatch, 1, ShardOutOfTime())
    fetch(demo)
    earlier = demo.s3.get_object(Bucket=BUCKET, Key=part)["VersionId"]
    demo.s3.delete_object(Bucket=BUCKET, Key=part)
    rows = arriving.images_as_they_arrive

    def backwards(todo: list[Any], client: Any, deadline: float) -> Any:
        return rows(todo[::-1], client, deadline)

    monkeypatch.setattr(shard, "images_as_they_arrive", backwards)
    Failing(monkeypatch, 1, ShardOutOfTime())
    fetch(demo)
    assert len(part_images(demo)) == 2
    monkeypatch.setattr(shard, "images_as_they_arrive", rows)
    demo.s3.copy_object(
        Bucket=BUCKET, Key=part, CopySource={"Bucket": BUCKET, "Key": part, "VersionId": earlier}
    )
    assert fetch(demo).left == 0
    assert len(images(demo)) == IMAGES


def test_a_call_that_does_not_get_on_fails(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Failing(monkeypatch, 10, ShardOutOfTime())
    assert fetch(demo).left == 90
    Failing(monkeypatch, 0, ShardOutOfTime())
    with pytest.raises(ShardOutOfTime):
        fetch(demo)


def test_a_part_of_other_rows_is_not_gone_on_with(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Failing(monkeypatch, 30, ShardOutOfTime())
    fetch(demo)
    rows = demo.read("shards/00000.jsonl").splitlines(keepends=True)
    demo.put(f"demo/runs/{demo.event.run}/shards/00000.jsonl", b"".join(reversed(rows)))
    failing = Failing(monkeypatch, IMAGES, ShardOutOfTime())
    assert fetch(demo).fetched == IMAGES
    assert len(failing.asked) == IMAGES


def test_a_part_that_has_expired_is_fetched_again(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Failing(monkeypatch, 30, ShardOutOfTime())
    fetch(demo)
    demo.s3.delete_object(Bucket=BUCKET, Key=f"demo/runs/{demo.event.run}/{part_images(demo)[0]}")
    assert fetch(demo).fetched == IMAGES


def test_what_is_left_is_tagged_to_expire(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Failing(monkeypatch, 30, ShardOutOfTime())
    fetch(demo)
    for name in ("shards/00000.part.jsonl", *part_images(demo)):
        key = f"demo/runs/{demo.event.run}/{name}"
        tags = demo.s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
        assert tags == [{"Key": "tagline", "Value": "shard"}]


def test_a_warm_container_keeps_nothing_of_a_shard(
    demo: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No file has a name, not even while a shard is fetched: whatever ends the call ends it too."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    failing = Failing(monkeypatch, 30, ShardOutOfTime())
    fetch(demo)
    assert not list(tmp_path.iterdir())
    named: list[Path] = []

    def looking(client: Any, row: PlannedRow, deadline: float, wait: Any) -> Fetched:
        named.extend(tmp_path.iterdir())
        return failing(client, row, deadline, wait)

    monkeypatch.setattr(arriving, "fetch_image", looking)
    assert fetch(demo).left == 0
    assert not named
    assert not list(tmp_path.iterdir())
