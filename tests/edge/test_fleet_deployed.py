"""A device by the command, at a deployed stack: what it says is kept once, and a restart keeps it.

Its connection is MQTT's, made of device.json; what is deployed is the real template.
"""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from tagline.aws.s3 import Bucket
from tagline.cli.cloud import running_cloud
from tagline.cli.main import app
from tagline.cli.places import free_port
from tagline.formats.devices import DeviceConfig, DeviceKeys
from tagline.formats.document import decode
from tagline.formats.edge_keys import EdgeKeys
from tagline.formats.edge_messages import results_topic
from tests.e2e.pipeline import Pipeline
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
DATASET, DEVICE, VERSION = "trash", "belt-3", "1.261127.42210"
RESULTS = 40
ARCHIVE = b"PK as devices fetch it"


class Connected:
    """A device's connection, and what it was sent."""

    def __init__(self, config: DeviceConfig) -> None:
        host, _, port = config.endpoint.partition(":")
        self.got: list[tuple[str, Any]] = []
        self._ready = threading.Event()
        version = CallbackAPIVersion.VERSION2
        self.client = mqtt.Client(version, client_id=config.device, transport="websockets")
        self.client.ws_set_options(path="/mqtt")
        self.client.on_connect = lambda *_: self._ready.set()
        self.client.on_message = lambda _, __, said: self.got.append(
            (said.topic, json.loads(said.payload))
        )
        self.client.connect(host, int(port))
        self.client.loop_start()
        assert self._ready.wait(20)

    def say(self, topic: str, message: Any) -> None:
        told = self.client.publish(topic, json.dumps(message), qos=1)
        told.wait_for_publish(20)

    def answer(self, topic: str) -> Any:
        """Wait for what comes under a topic."""
        return eventually(lambda: [said for where, said in self.got if where == topic])[-1]


@contextmanager
def connected(folder: Path) -> Iterator[Connected]:
    config = decode((folder / "device.json").read_bytes(), DeviceConfig, "device.json")
    made = Connected(config)
    yield made
    made.client.disconnect()
    made.client.loop_stop()


def result(sequence: int) -> dict[str, Any]:
    return {
        "device": DEVICE,
        "dataset": DATASET,
        "version": VERSION,
        "sequence": sequence,
        "at": f"{datetime.now(UTC):%Y-%m-%d}T00:00:00.000Z",
        "label": "compost",
        "unsure": False,
        "confidence": 0.9,
        "scores": [{"label": "compost", "score": 0.9}],
    }


def command(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_device_from_its_registration_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, build, folder = tmp_path / "cloud", tmp_path / "build", tmp_path / "device"

    def stored(pipeline: Pipeline) -> list[str]:
        bucket = Bucket(pipeline.s3, pipeline.bucket)
        return [*bucket.keys(DeviceKeys(DATASET).results)]

    with running_cloud(free_port(), state, fresh=True, build_dir=build) as cloud:
        monkeypatch.setenv("AWS_ENDPOINT_URL", str(cloud.target.endpoint))
        pipeline = Pipeline(cloud.target)
        pipeline.put(f"{DATASET}/labels.txt", b"compost\n")
        key = EdgeKeys(DATASET).model(VERSION)
        pipeline.put(key, ARCHIVE)
        added = ("--dataset", DATASET, "--group", "belts", "--out", str(folder))
        command("device", "add", DEVICE, *added)
        config = decode((folder / "device.json").read_bytes(), DeviceConfig, "device.json")
        assert "BEGIN PUBLIC KEY" in str(config.signing_key)
        for _ in range(2):  # all of it twice, as after an acknowledgement that was lost
            with connected(folder) as device:
                for sequence in range(1, RESULTS + 1):
                    device.say(results_topic(DEVICE), result(sequence))
        eventually(lambda: len(stored(pipeline)) == RESULTS)
        _carries_out_a_job(pipeline, folder, key)
        rules = pipeline.client("iot").list_topic_rules()["rules"]
        eventually(_seen)
    with running_cloud(free_port(), state, build_dir=build) as cloud:
        monkeypatch.setenv("AWS_ENDPOINT_URL", str(cloud.target.endpoint))
        pipeline = Pipeline(cloud.target)
        iot = pipeline.client("iot")
        assert [rule["ruleName"] for rule in iot.list_topic_rules()["rules"]] == [
            rule["ruleName"] for rule in rules
        ]
        assert iot.list_things_in_thing_group(thingGroupName="belts")["things"] == [DEVICE]
        (principal,) = iot.list_thing_principals(thingName=DEVICE)["principals"]
        (policy,) = iot.list_attached_policies(target=principal)["policies"]
        assert policy["policyName"] == "tagline-device"
        assert iot.describe_job(jobId="one")["job"]["status"] == "COMPLETED"
        shadow = pipeline.client("iot-data").get_thing_shadow(thingName=DEVICE)["payload"]
        assert json.load(shadow)["state"]["reported"] == {"version": VERSION}
        pipeline.client("iot-data").publish(
            topic=results_topic(DEVICE), qos=1, payload=json.dumps(result(RESULTS + 1))
        )
        eventually(lambda: len(stored(pipeline)) == RESULTS + 1)
        command("device", "remove", DEVICE)
        assert iot.list_certificates()["certificates"] == []
        assert json.loads(command("devices", "--json")) == []
        assert len(stored(pipeline)) == RESULTS + 1


def _seen() -> bool:
    (row,) = json.loads(command("devices", DATASET, "--json"))
    return bool(row["online"] and row["version"] == VERSION)


def _carries_out_a_job(pipeline: Pipeline, folder: Path, key: str) -> None:
    """A job's link fetches the archive, by the role for it, which fetches nothing else."""
    iot = pipeline.client("iot")
    account = pipeline.client("sts").get_caller_identity()["Account"]
    role = f"arn:aws:iam::{account}:role/{pipeline.stack_resources['JobsRole']}"
    group = iot.describe_thing_group(thingGroupName="belts")["thingGroupArn"]
    place = "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/%s/%s}"
    document = {
        "url": place % (pipeline.bucket, key),
        "other": place % (pipeline.bucket, f"{DATASET}/labels.txt"),
    }
    iot.create_job(
        jobId="one",
        targets=[group],
        document=json.dumps(document),
        presignedUrlConfig={"roleArn": role, "expiresInSec": 3600},
    )
    jobs = f"$aws/things/{DEVICE}/jobs"
    with connected(folder) as device:
        device.client.subscribe(f"{jobs}/#", 1)
        device.say(f"{jobs}/start-next", {})
        told = device.answer(f"{jobs}/start-next/accepted")["execution"]["jobDocument"]
        with urllib.request.urlopen(told["url"], timeout=20) as answer:
            assert answer.read() == ARCHIVE
        assert status_of(told["other"]) == 403
        device.say(f"{jobs}/one/update", {"status": "SUCCEEDED"})
        device.answer(f"{jobs}/one/update/accepted")
        reported = {"state": {"reported": {"version": VERSION}}}
        device.say(f"$aws/things/{DEVICE}/shadow/update", reported)
