"""`training: {start_from: …}`: what a plan lets a training start from."""

from collections.abc import Iterator
from typing import Any

import pytest

from tagline.formats.keys import RunKeys
from tagline.settings import InvalidSettings, load_settings
from tests.unit.documents import OTHER, champion, packed_dataset, plan, settings
from tests.unit.flow_world import PREFIX, STATE, account, call
from tests.unit.ingest_world import World, world


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


def planned(demo: World, uri: str) -> None:
    demo.put("demo/dataset.yaml", f"training: {{start_from: '{uri}'}}".encode())
    demo.drop(demo.fill(40))
    demo.plan()


def test_a_file_below_the_datasets_start_is_taken(demo: World) -> None:
    demo.put("demo/start/resnet.params", b"weights")
    planned(demo, "s3://data/demo/start/resnet.params")


def test_a_file_of_a_source_bucket_is_taken(demo: World) -> None:
    demo.s3.create_bucket(Bucket="pictures")
    demo.s3.put_object(Bucket="pictures", Key="zoo/resnet.params", Body=b"weights")
    planned(demo, "s3://pictures/zoo/resnet.params")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://data/demo/start/gone.npz", "there is no file s3://data/demo/start/gone.npz"),
        ("s3://data/demo/start/res", "there is no file"),  # a prefix of one that is there
        ("s3://data/demo/runs/old.npz", "must lie below s3://data/demo/start/"),
        ("s3://data/other/start/a.npz", "cannot be read: bucket data: add it to the stack's"),
        ("s3://elsewhere/a.npz", "cannot be read: bucket elsewhere: add it to the stack's"),
    ],
)
def test_another_is_refused_before_anything_is_packed(demo: World, uri: str, said: str) -> None:
    demo.put("demo/start/resnet.params", b"weights")
    with pytest.raises(InvalidSettings, match=f"training.start_from: .*{said}"):
        planned(demo, uri)


def test_one_that_is_too_large_is_refused(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagline.planning.starting.LARGEST_START", 3)
    demo.put("demo/start/a.npz", b"1234")
    with pytest.raises(InvalidSettings, match="has 4 bytes; at most 3 are read"):
        planned(demo, "s3://data/demo/start/a.npz")


@pytest.mark.parametrize("value", ["last", "s3://bucket", "s3://bucket/folder/", "http://a/b"])
def test_another_word_is_refused(value: str) -> None:
    said = "training.start_from: expected auto, starter, champion, none, or a file s3://bucket/key"
    with pytest.raises(InvalidSettings, match=said):
        load_settings(f"training: {{start_from: '{value}'}}")


def start_channel(
    monkeypatch: pytest.MonkeyPatch, start_from: str, *, before: Any = None, **training: int
) -> Any:
    """Return the URI of the channel `start`; `before` is the split of the champion's run."""
    with account(monkeypatch) as bucket:
        bucket.put(f"{PREFIX}dataset.json", packed_dataset())
        made = settings(training={"start_from": start_from, **training})
        bucket.put(f"{PREFIX}plan.json", plan(settings=made))
        if before is not None:
            bucket.put("demo/champion.json", champion())
            bucket.put(RunKeys(OTHER).plan, plan(run=OTHER, settings=settings(split=before)))
        request = call("plan_training", STATE)["request"]
    channels = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"]
        for each in request["InputDataConfig"]
    }
    assert request["HyperParameters"]["start_from"] == start_from
    return channels.get("start")


@pytest.mark.parametrize(
    ("start_from", "before", "uri"),
    [
        ("champion", {}, champion().artifact),
        ("champion", None, None),
        ("champion", {"seed": 5}, None),  # it may know the images that judge its successor
        ("starter", {}, None),
        ("none", {}, None),
        ("s3://zoo/a.npz", {}, "s3://zoo/a.npz"),
    ],
)
def test_the_job_is_handed_what_it_may_start_from(
    monkeypatch: pytest.MonkeyPatch, start_from: str, before: Any, uri: str | None
) -> None:
    assert start_channel(monkeypatch, start_from, before=before) == uri


@pytest.mark.parametrize("epochs", [18, 19])
def test_auto_hands_over_the_champion_for_a_short_training(
    monkeypatch: pytest.MonkeyPatch, epochs: int
) -> None:
    uri = start_channel(monkeypatch, "auto", before={}, epochs=epochs)
    assert uri == (champion().artifact if epochs * 800 < 15_000 else None)
