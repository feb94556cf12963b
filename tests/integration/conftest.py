"""What the laptop cloud's own tests share: a small stack of every kind of resource."""

import json
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.laptop import LaptopCloud, add_container, make_root, running

TEMPLATE = Path(__file__).parent / "fixtures/cloud/template.yaml"
PROGRAM = '''
"""A container that says what it was given, and ends as its argument says."""
import os, sys, time
print("arguments", *sys.argv[1:], flush=True)
for name in ("FROM_TASK", "FROM_RUN", "FROM_IMAGE", "AWS_ENDPOINT_URL", "HOME", "SHELL_SECRET"):
    print(name, os.environ.get(name), flush=True)
if sys.argv[1:2] == ["sleep"]:
    time.sleep(600)
sys.exit(int(sys.argv[2]) if sys.argv[1:2] == ["exit"] else 0)
'''
DOCKERFILE = """
FROM python:3.11-slim
ENV FROM_IMAGE=image \\
    OTHER=1
ENTRYPOINT ["/opt/venv/bin/python", "-m", "cloudtest"]
"""


def task(resource: str, parameters: object, **more: object) -> dict[str, Any]:
    """Return a Task state that ends."""
    prefix = "arn:aws:states:::"
    return {
        "Type": "Task",
        "Resource": prefix + resource,
        "Parameters": parameters,
        "End": True,
        **more,
    }


@dataclass(frozen=True)
class Stack:
    """The deployed stack: its cloud and its outputs."""

    cloud: LaptopCloud
    outputs: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.outputs[name]

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        return self.cloud.client(service)

    def heard(self, kind: str, about: str) -> list[dict[str, Any]]:
        """Return the events of a kind that the listening function kept and that name something."""
        s3 = self.client("s3")
        listed = s3.list_objects_v2(Bucket=self["Bucket"], Prefix=f"heard/{kind}/")
        bodies = [
            s3.get_object(Bucket=self["Bucket"], Key=item["Key"])["Body"].read()
            for item in listed.get("Contents", ())
        ]
        return [event for event in map(json.loads, bodies) if about in json.dumps(event)]

    def run(self, states: dict[str, Any], data: object = None, wait: bool = True) -> dict[str, Any]:
        """Run states, of which the first is the start; return the execution's description."""
        sfn = self.client("stepfunctions")
        definition = {"StartAt": next(iter(states)), "States": states}
        machine = sfn.create_state_machine(
            name=f"m{uuid.uuid4().hex[:12]}",
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::000000000000:role/any",
        )["stateMachineArn"]
        arn = sfn.start_execution(stateMachineArn=machine, input=json.dumps(data or {}))[
            "executionArn"
        ]
        return self.result(arn) if wait else sfn.describe_execution(executionArn=arn)

    def result(self, execution: str) -> dict[str, Any]:
        """Wait for an execution's end and return its description."""
        sfn = self.client("stepfunctions")
        deadline = time.monotonic() + 60
        while True:
            found: dict[str, Any] = sfn.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return found
            assert time.monotonic() < deadline, "the execution does not end"
            time.sleep(0.05)


@pytest.fixture(scope="session")
def stack(laptop_cloud: LaptopCloud) -> Stack:
    """Deploy the fixture template once, with a container of its own."""
    add_container(laptop_cloud.root, "cloudtest", DOCKERFILE, PROGRAM)
    return Stack(laptop_cloud, laptop_cloud.deploy(TEMPLATE, "cloudtest"))


@dataclass(frozen=True)
class Deployed:
    """What a clean stop of a laptop cloud with the stack left: copy it, start from the copy."""

    state: Path
    root: Path

    def copy(self, folder: Path) -> Path:
        """Return a state directory of one's own."""
        return Path(shutil.copytree(self.state, folder / "state", symlinks=True))

    def stack(self, cloud: LaptopCloud) -> Stack:
        """Return the stack as a cloud that was started from a copy has it."""
        return Stack(cloud, cloud.outputs("cloudtest"))


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """Deploy the fixture template once and stop."""
    folder = tmp_path_factory.mktemp("deployed")
    root = make_root(folder / "root")
    add_container(root, "cloudtest", DOCKERFILE, PROGRAM)
    with running(folder / "state", root) as cloud:
        cloud.deploy(TEMPLATE, "cloudtest")
    return Deployed(folder / "state", root)
