"""What devices say: results once each, frames within the day's quota, who may say it at all."""

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tagline.aws.s3 import Bucket
from tagline.feedback.images import kept_image
from tagline.fleet.hearing import Ear
from tagline.formats.devices import DeviceKeys, RegisteredDevice
from tagline.formats.document import decode, encode
from tagline.formats.edge import EdgePackage
from tagline.formats.edge_keys import EdgeKeys
from tagline.formats.feedback import Sample
from tagline.formats.fleet_steps import DeviceMessage, HeardAnswer
from tests.unit.feedback_world import one_by_one

NUMBERS = itertools.count()
NOW = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)
AT = "2026-11-27T11:59:59.123Z"
VERSION = "1.261127.42210"
DEVICE = RegisteredDevice(
    device="cam-1", dataset="trash", thing="arn:aws:iot:x:y:thing/cam-1", registered="2026-11-01"
)


class World:
    """A bucket, what hears devices of it, and a clock that stands until a test turns it."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.seconds = 0.0
        self.puts: list[str] = []
        put = bucket.client.put_object

        def counted(**request: Any) -> Any:
            self.puts.append(request["Key"])
            return put(**request)

        bucket.client.put_object = counted  # type: ignore[method-assign]
        self.ear = Ear(bucket, 90, lambda: self.seconds)
        self.register(DEVICE)

    def register(self, device: RegisteredDevice) -> None:
        key = DeviceKeys(device.dataset).device(device.device)
        self.bucket.client.put_object(Bucket=self.bucket.name, Key=key, Body=encode(device))

    def says(self, kind: Any, body: Any, device: str = "cam-1", after: float = 0) -> HeardAnswer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.seconds += after
        now = NOW + timedelta(seconds=self.seconds)
        return self.ear.hear(
            DeviceMessage(
                device=device,
                kind=kind,
                received=round(now.timestamp() * 1000),
                payload=base64.b64encode(raw).decode(),
            )
        )

    @property
    def device(self) -> RegisteredDevice:
        return self.bucket.read("trash/devices/cam-1.json", RegisteredDevice)

    def kept(self, prefix: str = "trash/edge-results/") -> list[str]:
        return sorted(self.bucket.keys(prefix))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        one_by_one(client)
        yield client


@pytest.fixture
def world(client: Any) -> Iterator[World]:
    put, name = client.put_object, f"data-{next(NUMBERS)}"
    client.create_bucket(Bucket=name)
    yield World(Bucket(client, name))
    client.put_object = put


def result(sequence: Any = 1, **changed: Any) -> dict[str, Any]:
    return {
        "format_version": 1,
        "device": "cam-1",
        "dataset": "trash",
        "version": VERSION,
        "sequence": sequence,
        "at": AT,
        "label": "compost",
        "unsure": False,
        "confidence": 0.91,
        "scores": [{"label": "compost", "score": 0.91}, {"label": "landfill", "score": 0.09}],
        **changed,
    }


def frame(data: bytes = b"", **changed: Any) -> dict[str, Any]:
    data = data or jpeg(1)
    said = result(scores=[{"label": "compost", "score": 0.4}], confidence=0.4)
    for name in ("sequence", "label", "unsure"):
        del said[name]
    return {
        **said,
        "sha256": hashlib.sha256(data).hexdigest(),
        "jpeg": base64.b64encode(data).decode(),
        **changed,
    }


def health(**changed: Any) -> dict[str, Any]:
    return {
        "device": "cam-1",
        "dataset": "trash",
        "at": AT,
        "version": VERSION,
        "fps": 101.5,
        "temperature": None,
        "uptime": 12.5,
        "buffered": 3,
        **changed,
    }


def jpeg(number: int, width: int = 64, height: int = 48) -> bytes:
    """The beginning of a JPEG, as far as anybody looks: its frame header, then any bytes."""
    size = height.to_bytes(2) + width.to_bytes(2)
    header = b"\xff\xd8\xff\xc0\x00\x11\x08" + size + b"\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"
    return header + b"\xff\xda" + number.to_bytes(4) + b"\xff\xd9"


def keeps_frames(world: World, text: str = "edge: {frames: 2}\n") -> None:
    world.bucket.client.put_object(
        Bucket=world.bucket.name, Key="trash/dataset.yaml", Body=text.encode()
    )


def test_a_result_lies_under_its_device_day_and_sequence(world: World) -> None:
    assert world.says("results", result(42)).kept

    key = "trash/edge-results/cam-1/2026-11-27/000000000042.json"
    assert world.kept() == [key]
    body = json.loads(
        world.bucket.client.get_object(Bucket=world.bucket.name, Key=key)["Body"].read()
    )
    assert body == {**result(42), "tags": []}
    tags = world.bucket.client.get_object_tagging(Bucket=world.bucket.name, Key=key)["TagSet"]
    assert tags == [{"Key": "tagline", "Value": "edge-results"}]


def test_what_comes_twice_is_one_object(world: World) -> None:
    assert world.says("results", result()).kept
    again = world.says("results", result())

    assert not again.kept
    assert again.said == "was kept before"
    assert len(world.kept()) == 1
    assert world.device.problem is None


def test_another_result_of_the_same_sequence_is_told_and_the_first_stays(world: World) -> None:
    world.says("results", result(label="compost"))
    told = world.says("results", result(label="landfill"))

    assert not told.kept
    assert "sequence 1" in told.said
    (key,) = world.kept()
    body = world.bucket.client.get_object(Bucket=world.bucket.name, Key=key)["Body"].read()
    assert json.loads(body)["label"] == "compost"
    assert world.device.problem == told.said
    assert world.device.problem_at == "2026-11-27T12:00:00Z"


@pytest.mark.parametrize(
    ("body", "device", "word"),
    [
        (b"\xff\x00", "cam-1", "not JSON"),
        (b"[1]", "cam-1", "Expected `object`"),
        (b"[" * 100_000, "cam-1", "Expected `object`"),
        (b" " * (128 * 1024 + 1), "cam-1", "131,072 go"),
        ({"device": "cam-1"}, "cam-1", "missing required field"),
        (result(sequence=0), "cam-1", "sequence"),
        (result(sequence=10**12), "cam-1", "sequence"),
        (result(sequence="1"), "cam-1", "sequence"),
        (result(confidence=1.5), "cam-1", "confidence"),
        (result(scores=[{"label": "a", "score": 0.1}] * 6), "cam-1", "scores"),
        (result(format_version=2), "cam-1", "format_version"),
        (result(device="cam-2"), "cam-1", "of cam-2"),
        (result(dataset="../trash"), "cam-1", "dataset"),
        (result(dataset="other"), "cam-1", "other has no device cam-1"),
        (result(device="cam-2"), "cam-2", "has no device cam-2"),
        (result(device="../x"), "../x", "has no device"),
        (result(at="2026-11-27T12:10:00.001Z"), "cam-1", "yet to come"),
        (result(at="2026-08-29T11:59:59.999Z"), "cam-1", "90 days"),
        (result(at="1970-01-01T00:00:03.000Z"), "cam-1", "90 days"),
        (result(at="2026-13-45T00:00:00.000Z"), "cam-1", "no time"),
        (result(at="yesterday"), "cam-1", "at"),
    ],
)
def test_what_cannot_be_right_is_refused_with_the_reason(
    world: World, body: Any, device: str, word: str
) -> None:
    told = world.says("results", body, device)

    assert not told.kept
    assert word in told.said
    assert not world.kept()


@pytest.mark.parametrize("at", ["2026-11-27T12:10:00.000Z", "2026-08-29T12:00:00.000Z"])
def test_a_clock_may_be_a_little_ahead_and_a_device_long_offline(world: World, at: str) -> None:
    assert world.says("results", result(at=at)).kept
    assert world.kept() == [f"trash/edge-results/cam-1/{at[:10]}/000000000001.json"]


def test_a_key_that_nobody_knows_is_passed_over(world: World) -> None:
    assert world.says("results", result(new="x" * 50_000)).kept
    (key,) = world.kept()
    assert (
        b"xxx"
        not in world.bucket.client.get_object(Bucket=world.bucket.name, Key=key)["Body"].read()
    )


def test_health_tells_how_a_device_is(world: World) -> None:
    world.says("health", health(camera=False, update="kept 1.261126.1: wrong signature"))

    device = world.device
    assert (device.version, device.fps, device.buffered) == (VERSION, 101.5, 3)
    assert device.seen == "2026-11-27T12:00:00Z"
    assert device.camera is False
    assert device.update == "kept 1.261126.1: wrong signature"
    assert device.registered == DEVICE.registered


def test_frames_a_second_are_told_once_there_are_some(world: World) -> None:
    world.says("health", health(fps=0.0))
    world.says("health", health(fps=101.5), after=2)

    assert world.device.fps == 101.5


def test_a_device_is_written_once_a_minute_and_at_once_with_another_version(world: World) -> None:
    def written() -> int:
        return world.puts.count("trash/devices/cam-1.json") - 1  # by its registration

    for number in range(1, 12):
        world.says("results", result(number), after=5)
        world.says("health", health(fps=float(number)))
    assert written() == 1 + 1  # the first word, and the first that it told of itself
    world.says("health", health(version="1.261128.1"))
    assert written() == 3
    assert world.device.version == "1.261128.1"
    world.says("results", result(200), after=61)
    assert written() == 4
    assert world.device.version == "1.261128.1"  # buffered results may be older


def test_a_device_whose_messages_are_of_no_known_form_is_told(world: World) -> None:
    world.says("results", result(format_version=2))

    assert "format_version" in str(world.device.problem)
    assert world.device.version is None


def test_a_device_that_fails_all_the_time_is_written_once_a_minute(world: World) -> None:
    for _ in range(11):
        world.says("results", result(confidence=2), after=5)
        world.says("results", result(at="2020-01-01T00:00:00.000Z"))

    assert world.puts.count("trash/devices/cam-1.json") == 1 + 1


def test_who_was_removed_is_refused_within_a_minute_and_not_written_anew(world: World) -> None:
    world.says("health", health())
    world.bucket.client.delete_object(Bucket=world.bucket.name, Key="trash/devices/cam-1.json")
    told = world.says("health", health(version="1.1.1"), after=61)

    assert "has no device cam-1" in told.said
    assert not world.kept("trash/devices/")


def test_two_containers_write_no_device_back_to_what_it_was(world: World) -> None:
    other = Ear(world.bucket, 90, lambda: world.seconds)
    world.says("health", health())
    first, world.ear = world.ear, other
    world.says("health", health())
    world.says("health", health(version="1.2.3"), after=30)
    world.ear = first
    world.says("health", health(version="1.2.3", fps=7))

    assert world.device.version == "1.2.3"


def test_frames_are_kept_where_the_dataset_asks_for_them_and_can_be_labelled(
    world: World,
) -> None:
    keeps_frames(world)
    package = EdgePackage(
        dataset="trash",
        version=VERSION,
        run="trash-0123456789abcdef",
        sha256="0" * 64,
        bytes=1,
        precision="fp32",
    )
    world.bucket.write(EdgeKeys("trash").package(VERSION), package)
    said = frame()
    assert world.says("frames", said).kept
    assert not world.says("frames", said).kept

    stored = f"trash/feedback/sampled/2026-11-27/{said['sha256']}"
    assert {f"{stored}.jpg", f"{stored}.json"} <= set(world.kept("trash/feedback/"))
    found = world.bucket.client.get_object(Bucket=world.bucket.name, Key=f"{stored}.json")[
        "Body"
    ].read()
    sample = decode(found, Sample, "here")
    assert (sample.device, sample.run) == ("cam-1", "trash-0123456789abcdef")
    assert sample.scores == {"compost": 0.4}
    tags = world.bucket.client.get_object_tagging(Bucket=world.bucket.name, Key=f"{stored}.jpg")[
        "TagSet"
    ]
    assert tags == [{"Key": "tagline", "Value": "sampled-90"}]
    image = kept_image(world.bucket, "trash", said["sha256"])  # as POST feedback finds it
    assert image is not None
    assert image.s3_uri == f"s3://{world.bucket.name}/trash/feedback/images/{said['sha256']}.jpg"


def test_the_day_s_quota_of_frames_is_counted_here(world: World) -> None:
    keeps_frames(world)
    kept = [world.says("frames", frame(jpeg(number))).kept for number in range(10)]

    assert sum(kept) == 2
    assert len([key for key in world.kept("trash/feedback/") if key.endswith(".jpg")]) == 2
    assert world.says("frames", frame(jpeg(99)), after=13 * 3600).kept  # the next day


@pytest.mark.parametrize(
    ("settings", "said", "word"),
    [
        ("", frame(), "keeps no frames"),
        ("edge: {frames: 0}\n", frame(), "keeps no frames"),
        ("edge: {frames: many}\n", frame(), "dataset.yaml"),
        ("edge: {frames: 2}\n", frame(sha256="0" * 64), "sha256"),
        ("edge: {frames: 2}\n", frame(jpeg="***"), "base64"),
        ("edge: {frames: 2}\n", frame(b"<html>"), "JPEG"),
        ("edge: {frames: 2}\n", frame(jpeg(1)[:6]), "JPEG"),
        ("edge: {frames: 2}\n", frame(jpeg(1, 60_000, 60_000)), "pixels"),
    ],
)
def test_a_frame_that_is_none_or_unwanted_is_refused(
    world: World, settings: str, said: dict[str, Any], word: str
) -> None:
    keeps_frames(world, settings)
    told = world.says("frames", said)

    assert not told.kept
    assert word in told.said
    assert not world.kept("trash/feedback/")
