"""A shard that cannot be done in one call: handed on, gone on with, no image fetched twice."""

import io
import itertools
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tagline import fetching
from tagline.fetching import FetchAnswer, FetchRequest, fetch_shard
from tagline.imagefetch import Fetched, ShardOutOfTime, fetch_image
from tests.unit.ingest_world import BUCKET, World, world

IMAGES = 100


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        made.drop(made.fill(IMAGES))
        made.plan()
        yield made


def fetch(demo: World) -> FetchAnswer:
    return fetch_shard(FetchRequest(BUCKET, demo.request.run, "00000"), demo.s3, lambda: 60.0)


class Failing:
    """fetch_image that raises what it is given after some images, once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int, error: Exception) -> None:
        self.asked: Counter[int] = Counter()
        self._order = itertools.count()
        self._after = after
        self._error: Exception | None = error
        monkeypatch.setattr(fetching, "fetch_image", self)
        monkeypatch.setattr(fetching, "WORKERS", 1)
        monkeypatch.setattr(fetching, "_AHEAD", 1)

    def __call__(self, client: Any, row: dict[str, Any], deadline: float) -> Fetched:
        if self._error is not None and next(self._order) == self._after:
            error, self._error = self._error, None
            raise error
        self.asked[row["line"]] += 1
        return fetch_image(client, row, deadline)


def test_out_of_time_hands_on_what_is_left(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(demo)
    at_once = demo.read("shards/00000.tar"), demo.read("shards/00000.verdicts.jsonl")
    demo.s3.delete_object(
        Bucket=BUCKET, Key=f"demo/runs/{demo.request.run}/shards/00000.verdicts.jsonl"
    )
    failing = Failing(monkeypatch, 30, ShardOutOfTime())
    first = fetch(demo)
    assert (first["fetched"], first["rejected"], first["left"]) == (30, 0, 70)
    assert "shards/00000.verdicts.jsonl" not in demo.names()
    second = fetch(demo)
    assert (second["fetched"], second["left"]) == (IMAGES, 0)
    assert second["bytes"] == sum(row["size"] for row in demo.lines("shards/00000.jsonl"))
    assert set(failing.asked.values()) == {1}
    assert len(failing.asked) == IMAGES
    assert (demo.read("shards/00000.tar"), demo.read("shards/00000.verdicts.jsonl")) == at_once


def test_a_shard_can_be_handed_on_again_and_again(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[int] = Counter()
    for left in (60, 20, 0):
        failing = Failing(monkeypatch, 40, ShardOutOfTime())
        assert fetch(demo)["left"] == left
        asked += failing.asked
    assert set(asked.values()) == {1}
    with tarfile.open(fileobj=io.BytesIO(demo.read("shards/00000.tar"))) as tar:
        rows = demo.lines("shards/00000.jsonl")
        assert tar.getnames() == [str(row["line"]) for row in rows]


def test_an_error_keeps_what_is_done_for_the_retry(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down = ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")
    failing = Failing(monkeypatch, 25, slow_down)
    with pytest.raises(ClientError, match="SlowDown"):
        fetch(demo)
    assert fetch(demo)["fetched"] == IMAGES
    assert set(failing.asked.values()) == {1}


def test_a_call_that_does_not_get_on_fails(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Failing(monkeypatch, 10, ShardOutOfTime())
    assert fetch(demo)["left"] == 90
    Failing(monkeypatch, 0, ShardOutOfTime())
    with pytest.raises(ShardOutOfTime):
        fetch(demo)


def test_a_part_of_other_rows_is_not_gone_on_with(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Failing(monkeypatch, 30, ShardOutOfTime())
    fetch(demo)
    rows = demo.read("shards/00000.jsonl").splitlines(keepends=True)
    demo.put(f"demo/runs/{demo.request.run}/shards/00000.jsonl", b"".join(reversed(rows)))
    failing = Failing(monkeypatch, IMAGES, ShardOutOfTime())
    assert fetch(demo)["fetched"] == IMAGES
    assert len(failing.asked) == IMAGES


def test_a_part_that_has_expired_is_fetched_again(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Failing(monkeypatch, 30, ShardOutOfTime())
    fetch(demo)
    demo.s3.delete_object(
        Bucket=BUCKET, Key=f"demo/runs/{demo.request.run}/shards/00000.part-00030.tar"
    )
    assert fetch(demo)["fetched"] == IMAGES


def test_what_is_left_is_tagged_to_expire(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Failing(monkeypatch, 30, ShardOutOfTime())
    fetch(demo)
    for name in ("part.jsonl", "part-00030.tar"):
        key = f"demo/runs/{demo.request.run}/shards/00000.{name}"
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

    def looking(client: Any, row: dict[str, Any], deadline: float) -> Fetched:
        named.extend(tmp_path.iterdir())
        return failing(client, row, deadline)

    monkeypatch.setattr(fetching, "fetch_image", looking)
    assert fetch(demo)["left"] == 0
    assert not named
    assert not list(tmp_path.iterdir())
