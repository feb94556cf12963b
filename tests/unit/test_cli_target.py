"""Which cloud a command talks to."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError

from tagline.cli import places
from tagline.cli.errors import Refused
from tagline.cli.places import CloudFile, free_port, live_cloud, port_taken
from tagline.cli.target import find_target, laptop_target


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment with nothing of AWS in it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(places, "CLOUD_FILE", tmp_path / "cloud.json")
    return monkeypatch


@pytest.fixture
def running(shell: pytest.MonkeyPatch) -> Iterator[CloudFile]:
    """A cloud file that names a live process and a port that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        cloud = CloudFile(
            endpoint=f"http://127.0.0.1:{port}", port=port, pid=os.getpid(), outputs={}
        )
        cloud.write(places.CLOUD_FILE)
        yield cloud


def give_key(shell: pytest.MonkeyPatch, key: str) -> None:
    shell.setenv("AWS_ACCESS_KEY_ID", key)
    shell.setenv("AWS_SECRET_ACCESS_KEY", key)


def test_with_nothing_the_running_laptop_cloud_is_taken_and_said(
    running: CloudFile, capsys: pytest.CaptureFixture[str]
) -> None:
    target = find_target()
    assert target.endpoint == running.endpoint
    assert running.endpoint in capsys.readouterr().err


def test_the_laptops_key_alone_means_the_running_laptop_cloud(
    running: CloudFile, shell: pytest.MonkeyPatch
) -> None:
    give_key(shell, "test")
    assert find_target().endpoint == running.endpoint


@pytest.mark.usefixtures("running")
def test_credentials_come_before_the_laptop_cloud(shell: pytest.MonkeyPatch) -> None:
    give_key(shell, "AKIDEXAMPLE")
    shell.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    target = find_target()
    assert (target.endpoint, target.session.region_name) == (None, "eu-west-1")


@pytest.mark.usefixtures("running")
def test_an_endpoint_comes_before_the_laptop_cloud(shell: pytest.MonkeyPatch) -> None:
    shell.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5")
    target = find_target()
    assert target.endpoint == "http://127.0.0.1:5"
    assert target.session.region_name == "us-east-1"


def test_the_laptops_key_without_a_cloud_is_refused(shell: pytest.MonkeyPatch) -> None:
    give_key(shell, "test")
    with pytest.raises(Refused, match="start `tagline up`"):
        find_target()


@pytest.mark.usefixtures("shell")
def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(Refused, match="no AWS credentials"):
        find_target()


def test_credentials_without_a_region_are_refused(shell: pytest.MonkeyPatch) -> None:
    give_key(shell, "AKIDEXAMPLE")
    with pytest.raises(Refused, match="no AWS region"):
        find_target()


@pytest.mark.usefixtures("shell")
def test_the_file_of_a_dead_cloud_is_no_cloud() -> None:
    CloudFile(endpoint="http://127.0.0.1:1", port=free_port(), pid=os.getpid(), outputs={}).write(
        places.CLOUD_FILE
    )
    assert live_cloud() is None


@pytest.mark.usefixtures("shell")
def test_a_damaged_cloud_file_is_named() -> None:
    places.CLOUD_FILE.write_text(json.dumps({"endpoint": "x"}))
    with pytest.raises(Refused, match="remove it"):
        live_cloud()


def test_a_listening_port_is_taken_and_a_free_one_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert port_taken(server.getsockname()[1])
    assert not port_taken(free_port())


class Stacks:
    """CloudFormation with one stack."""

    def __init__(self, outputs: dict[str, str]) -> None:
        self.outputs = outputs

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        if StackName != "tagline":
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": "no"}}, "DescribeStacks"
            )
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in self.outputs.items()]
        return {"Stacks": [{"Outputs": outputs}]}


def with_stacks(monkeypatch: pytest.MonkeyPatch, outputs: dict[str, str]) -> None:
    monkeypatch.setattr(boto3.Session, "client", lambda *_args, **_kwargs: Stacks(outputs))


def test_outputs_come_from_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    with_stacks(monkeypatch, {"DataBucket": "b", "StateMachineArn": "m", "ApiUrl": "u"})
    outputs = laptop_target("http://127.0.0.1:1").outputs
    assert (outputs.bucket, outputs.state_machine, outputs.api_url) == ("b", "m", "u")


def test_a_stack_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with_stacks(monkeypatch, {})
    with pytest.raises(
        Refused, match=r"no stack other at http.*: `tagline up`, stopped and started"
    ):
        _ = laptop_target("http://127.0.0.1:1", "other").outputs
    with pytest.raises(Refused, match="no output 'DataBucket'"):
        _ = laptop_target("http://127.0.0.1:1").outputs


def test_a_locked_clouds_key_is_found_with_it(
    running: CloudFile, shell: pytest.MonkeyPatch
) -> None:
    msgspec.structs.replace(running, secret_key="only mine").write(places.CLOUD_FILE)

    def secret() -> str:
        credentials: Any = find_target().session.get_credentials()
        return f"{credentials.secret_key}"

    assert secret() == "only mine"
    give_key(shell, "test")  # of a shell that was set up before
    assert secret() == "only mine"
    shell.delenv("AWS_ACCESS_KEY_ID")
    shell.delenv("AWS_SECRET_ACCESS_KEY")
    shell.setenv("AWS_ENDPOINT_URL", f"{running.endpoint}/")
    assert secret() == "only mine"
    shell.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert secret() == "test"


def test_a_cloud_file_of_before_there_was_a_key_is_read(running: CloudFile) -> None:
    older = json.loads(places.CLOUD_FILE.read_text())
    del older["secret_key"]
    places.CLOUD_FILE.write_text(json.dumps(older))
    found = live_cloud()
    assert found is not None
    assert found.secret_key == "test"
