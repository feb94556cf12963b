"""What a device was told is kept reaches its function, however the laptop cloud ends."""

import io
import json
import signal
import zipfile
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.laptop import LaptopCloud, eventually, make_root, running

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
BUCKET = "kept"
FUNCTION = f"""
import time, boto3

def handler(event, context):
    time.sleep(0.4)
    boto3.client("s3").put_object(Bucket="{BUCKET}", Key=str(event["n"]), Body=b"1")
"""


def deploy(cloud: LaptopCloud) -> None:
    """Make a rule whose function takes its time to keep a message."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", FUNCTION)
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    arn = cloud.client("lambda").create_function(
        FunctionName="keep",
        Runtime="python3.11",
        Role=cloud.powerful_role("keeps"),
        Handler="app.handler",
        Timeout=20,
        Code={"ZipFile": packed.getvalue()},
    )["FunctionArn"]
    payload = {"sql": "SELECT * FROM 'said'", "actions": [{"lambda": {"functionArn": arn}}]}
    cloud.client("iot").create_topic_rule(ruleName="keep", topicRulePayload=payload)


def say(cloud: LaptopCloud, numbers: range) -> None:
    """Send messages over MQTT, each until it is acknowledged."""
    version = CallbackAPIVersion.VERSION2
    device = mqtt.Client(version, client_id="cam", transport="websockets")
    device.ws_set_options(path="/mqtt")
    device.connect("127.0.0.1", cloud.port)
    device.loop_start()
    said: list[Any] = [device.publish("said", json.dumps({"n": n}), qos=1) for n in numbers]
    for each in said:
        each.wait_for_publish(20)
        assert each.is_published()
    device.loop_stop()


def kept(state: Path) -> set[str]:
    return {file.name for file in state.glob(f"s3/*/{BUCKET}/*") if file.name.isdecimal()}


def test_what_was_acknowledged_is_kept_by_a_stop_and_by_a_kill(tmp_path: Path) -> None:
    state, root = tmp_path / "state", make_root(tmp_path / "root")
    with running(state, root) as cloud:
        deploy(cloud)
        say(cloud, range(9))
        assert cloud.stop(signal.SIGINT) == 0
        assert kept(state) == {str(n) for n in range(9)}
    with running(state, root) as cloud:
        say(cloud, range(9, 15))
        cloud.stop(signal.SIGKILL)
        assert len(kept(state)) < 15
    with running(state, root):
        eventually(lambda: kept(state) == {str(n) for n in range(15)})
