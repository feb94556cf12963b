"""GET /datasets/{dataset}/devices: who is there, what runs where, and frames that want labels."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tagline.formats.devices import DeviceKeys, RegisteredDevice
from tagline.formats.edge import EdgeRelease
from tagline.formats.edge_keys import EdgeKeys
from tagline.formats.feedback import Sample
from tagline.formats.feedback_keys import FeedbackKeys
from tests.unit.api_world import BUCKET, DATASET, RUN, World, api_world, event, get, problem

VERSION, OLDER = "1.261127.42210", "1.261126.1"
KEYS = DeviceKeys(DATASET)
FRAMES = FeedbackKeys(DATASET)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        yield made


def device(name: str, **said: Any) -> RegisteredDevice:
    known = {"thing": f"arn:{name}", "registered": "2026-11-01T00:00:00Z"}
    return RegisteredDevice(device=name, dataset=DATASET, **known | said)


def frame(world: World, number: int, **said: Any) -> str:
    """Leave a frame as KeepEdgeResults does; return its hash."""
    data = b"\xff\xd8\xff frame %d" % number
    sha256 = hashlib.sha256(data).hexdigest()
    known: dict[str, Any] = {
        "dataset": DATASET,
        "key": FRAMES.sample("2026-11-27", sha256, "jpg"),
        "sha256": sha256,
        "bytes": len(data),
        "run": RUN,
        "scores": {"red": 0.41, "circle": 0.52},
        "at": f"2026-11-27T11:00:{number:02d}Z",
        "device": "belt-3",
    }
    world.put(known["key"], data)
    world.put(FRAMES.sample("2026-11-27", sha256, "json"), Sample(**known | said))
    return sha256


def release(world: World, version: str, run: str) -> None:
    made = EdgeRelease(
        dataset=DATASET,
        version=version,
        run=run,
        created="2026-11-27T11:43:30Z",
        artifact="s3://b/model.zip",
        statement="{}",
        signature="",
        key_id="arn:key",
        by="jobs",
        precision="fp32",
    )
    world.put(EdgeKeys(DATASET).release(version), made)


def leave(world: World) -> None:
    """Leave three devices, of which one runs the champion, and a frame."""
    release(world, OLDER, f"{DATASET}-{1:016x}")
    release(world, VERSION, RUN)
    now = datetime.now(UTC)
    seen = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    before = f"{now - timedelta(minutes=6):%Y-%m-%dT%H:%M:%SZ}"
    for known in (
        device("belt-3", seen=seen, version=VERSION, fps=101.25, group="belts", buffered=0),
        device("belt-4", seen=before, version=OLDER, update="<b>kept 1.261126.1</b>"),
        device("shelf"),
    ):
        world.put(KEYS.device(known.device), known)
    frame(world, 1)


def test_devices_tell_what_they_run_and_whether_they_are_there(world: World) -> None:
    leave(world)
    reply = get(event("devices"))

    assert reply.status == 200
    assert (reply.json["run"], reply.json["version"]) == (RUN, VERSION)
    rows = {row["device"]: row for row in reply.json["devices"]}
    assert list(rows) == ["belt-3", "belt-4", "shelf"]
    assert [row["online"] for row in rows.values()] == [True, False, False]
    assert [row["current"] for row in rows.values()] == [True, False, False]
    assert (rows["belt-3"]["fps"], rows["belt-3"]["group"]) == (101.25, "belts")
    assert rows["shelf"]["seen"] is None
    assert "thing" not in rows["shelf"]


def test_a_champion_that_was_not_released_makes_nobody_stale(world: World) -> None:
    leave(world)
    world.s3.delete_object(Bucket=BUCKET, Key=EdgeKeys(DATASET).release(VERSION))
    reply = get(event("devices"))

    assert reply.json["version"] is None
    assert {row["current"] for row in reply.json["devices"]} == {None}


def test_frames_are_those_that_nobody_has_labelled(world: World) -> None:
    leave(world)
    newer, done = frame(world, 3), frame(world, 2)
    frame(world, 4, device=None)  # an image of a request is shown to nobody here
    world.put(FRAMES.image(done, "jpg"), b"labelled")
    found = get(event("devices")).json["frames"]

    assert [each["at"][-3:] for each in found] == ["03Z", "01Z"]
    assert found[0]["hash"] == newer
    assert [each["label"] for each in found[0]["scores"]] == ["circle", "red"]
    assert newer in found[0]["url"]
    assert "Signature=" in found[0]["url"]


def test_a_dataset_without_devices_has_none_and_one_that_is_none_is_a_404(world: World) -> None:
    reply = get(event("devices"))
    assert (reply.status, reply.json["devices"], reply.json["frames"]) == (200, [], [])
    assert problem(get(event("devices", dataset="nowhere"))) == (404, "unknown_dataset")


@pytest.mark.parametrize("key", [KEYS.device("belt-4"), EdgeKeys(DATASET).release(VERSION)])
def test_a_damaged_document_is_none(world: World, key: str) -> None:
    leave(world)
    world.put(key, b"{")
    assert get(event("devices")).status == 200
