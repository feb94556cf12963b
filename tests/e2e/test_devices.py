"""What devices say, by the deployed rules and function: kept once, refused, shown by the API."""

import base64
import hashlib
import json
import urllib.request
from datetime import UTC, datetime
from typing import Any

import cv2
import pytest

from tagline.aws.s3 import Bucket
from tagline.designs import DesignSet
from tagline.formats.devices import DeviceKeys, RegisteredDevice
from tagline.formats.document import decode, encode
from tagline.formats.edge import EdgePackage
from tagline.formats.edge_keys import EdgeKeys
from tagline.formats.edge_messages import frames_topic, health_topic, results_topic
from tagline.formats.keys import DatasetKeys
from tests.e2e.pipeline import Pipeline
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
DATASET, DEVICE, VERSION = "watched", "e2e-belt", "1.261127.42210"
KEYS = DeviceKeys(DATASET)


def said(**more: Any) -> dict[str, Any]:
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    return {"device": DEVICE, "dataset": DATASET, "version": VERSION, "at": at, **more}


def test_what_a_device_says_is_kept_once_and_shown(pipeline: Pipeline, designs: DesignSet) -> None:
    def say(topic: str, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        pipeline.client("iot-data").publish(topic=topic, qos=1, payload=body)

    def device() -> RegisteredDevice:
        return decode(pipeline.read(KEYS.device(DEVICE)), RegisteredDevice, "here")

    known = RegisteredDevice(
        device=DEVICE, dataset=DATASET, thing="arn", registered="2026-11-27T00:00:00Z"
    )
    package = EdgePackage(
        dataset=DATASET,
        version=VERSION,
        run=f"{DATASET}-{7:016x}",
        sha256="0" * 64,
        bytes=1,
        precision="fp32",
    )
    pipeline.put(KEYS.device(DEVICE), encode(known))
    pipeline.put(EdgeKeys(DATASET).package(VERSION), encode(package))
    pipeline.put(DatasetKeys(DATASET).settings, b"edge: {frames: 5}\n")

    first = said(sequence=1, label="red", unsure=False, confidence=0.9, scores=[])
    say(results_topic(DEVICE), first)
    key = KEYS.result(DEVICE, first["at"][:10], 1)
    eventually(lambda: [*Bucket(pipeline.s3, pipeline.bucket).keys(key)])
    say(results_topic(DEVICE), first)
    say(results_topic(DEVICE), {**first, "label": "blue"})  # the first stays, and it is told
    eventually(lambda: device().problem)
    assert pipeline.json(key)["label"] == "red"

    say(health_topic(DEVICE), said(fps=101.5, temperature=None, uptime=5.0, buffered=0))
    eventually(lambda: device().fps == 101.5)
    image = cv2.imencode(".jpg", cv2.imread(str(designs.held_out[0].path)))[1].tobytes()
    sha256 = hashlib.sha256(image).hexdigest()
    scores = [{"label": "red", "score": 0.4}]
    text = base64.b64encode(image).decode()
    say(frames_topic(DEVICE), said(confidence=0.4, scores=scores, sha256=sha256, jpeg=text))
    shown = eventually(lambda: pipeline.answer(f"datasets/{DATASET}/devices")["frames"])
    assert (shown[0]["hash"], shown[0]["run"]) == (sha256, package.run)
    with urllib.request.urlopen(shown[0]["url"], timeout=30) as answer:
        assert answer.read() == image
    row = pipeline.answer(f"datasets/{DATASET}/devices")["devices"][0]
    assert (row["device"], row["online"], row["fps"]) == (DEVICE, True, 101.5)
