"""The laptop cloud starts, stops, and finds its state again."""

import fcntl
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.conftest import DOCKERFILE, PROGRAM, TEMPLATE, Deployed, Stack
from tests.integration.test_laptop_cloud_containers import container
from tests.integration.test_laptop_cloud_http import request
from tests.laptop import (
    PYTHON,
    REPOSITORY,
    LaptopCloud,
    add_container,
    eventually,
    free_port,
    make_root,
    running,
)

pytestmark = pytest.mark.cloud
SLEEPER = "cloudtest sleep"


def start(*options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PYTHON, "-m", "local", *map(str, options)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def processes_of(cloud: LaptopCloud) -> list[str]:
    """Return the command lines of processes whose environment names this cloud."""
    return processes_with(cloud.endpoint)


def processes_with(endpoint: str) -> list[str]:
    """Return the command lines of processes that were given an endpoint to talk to."""
    return [
        " ".join(process.info["cmdline"] or ())  # None of one that ends at this moment
        for process in psutil.process_iter(["environ", "cmdline"])
        if (process.info["environ"] or {}).get("AWS_ENDPOINT_URL") == endpoint
    ]


def workers(cloud: LaptopCloud) -> list[str]:
    """Return the command lines of the cloud's Lambda workers."""
    return [line for line in processes_of(cloud) if "awslambdaric" in line]


def sleeping(stack: Stack) -> str:
    """Start an execution whose container sleeps; return its ARN once the container runs."""
    started = stack.run({"Pack": container(stack, "Pack", ["sleep"])}, wait=False)
    eventually(lambda: [line for line in processes_of(stack.cloud) if SLEEPER in line])
    return str(started["executionArn"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_root(tmp_path / "root")
    add_container(root, "cloudtest", DOCKERFILE, PROGRAM)
    return root


def test_a_taken_port_is_one_clear_line(laptop_cloud: LaptopCloud, tmp_path: Path) -> None:
    refused = start("--port", laptop_cloud.port, "--state-dir", tmp_path / "state")
    assert refused.returncode == 1
    address = f"127.0.0.1:{laptop_cloud.port}"
    reason = "cannot be used (Address already in use); choose another with --port"
    assert refused.stderr == f"laptop cloud: {address} {reason}\n"
    assert not (tmp_path / "state").exists()


def test_a_state_directory_has_one_owner(laptop_cloud: LaptopCloud) -> None:
    refused = start("--port", free_port(), "--state-dir", laptop_cloud.state_dir)
    assert refused.returncode == 1
    assert "another laptop cloud is using" in refused.stderr
    assert f"it listens at http://127.0.0.1:{laptop_cloud.port}, and Ctrl-C" in refused.stderr
    assert "`kill " in refused.stderr


def test_a_lock_that_is_let_go_in_a_moment_is_waited_for(tmp_path: Path) -> None:
    with (tmp_path / "state.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        threading.Timer(0.5, lock.close).start()
        (tmp_path / "state").mkdir()
        (tmp_path / "state/thesis.txt").write_text("a later refusal tells that it was waited for")
        refused = start("--port", free_port(), "--state-dir", tmp_path / "state", "--fresh")
    assert "not a laptop cloud's state directory" in refused.stderr


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    refused = start("--port", free_port(), "--state-dir", tmp_path, "--fresh")
    assert refused.returncode == 1
    assert "not a laptop cloud's state directory" in refused.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.slow
def test_all_is_there_again_on_another_port(tmp_path: Path, deployed: Deployed) -> None:
    state = deployed.copy(tmp_path)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        s3 = cloud.client("s3")
        for body in (b"first", b"second"):
            s3.put_object(Bucket=stack["Bucket"], Key="a/b.txt", Body=body)
        done = stack.run({"Done": {"Type": "Succeed"}}, {"n": 1})
        interrupted = sleeping(stack)
        assert cloud.stop() == 0
        assert processes_of(cloud) == []
    with running(state, deployed.root) as cloud:
        assert cloud.port != stack.cloud.port
        stack = deployed.stack(cloud)
        s3 = cloud.client("s3")
        versions = s3.list_object_versions(Bucket=stack["Bucket"], Prefix="a/")["Versions"]
        assert len(versions) == 2
        assert s3.get_object(Bucket=stack["Bucket"], Key="a/b.txt")["Body"].read() == b"second"
        assert request(f"{stack['ApiUrl']}/")[0] == 200
        answer = cloud.client("lambda").invoke(FunctionName=stack["Echo"], Payload=b"{}")
        assert json.loads(answer["Payload"].read())["greeting"] == "hello!"
        assert stack.result(done["executionArn"])["status"] == "SUCCEEDED"
        ended = stack.result(interrupted)
        assert ended["status"] == "ABORTED"
        assert "laptop cloud stopped" in ended["cause"]
        (last,) = cloud.client("stepfunctions").get_execution_history(
            executionArn=interrupted, reverseOrder=True, maxResults=1
        )["events"]
        assert last["executionAbortedEventDetails"]["cause"] == ended["cause"]
        events = eventually(
            lambda: s3.list_objects_v2(
                Bucket=stack["Bucket"], Prefix="heard/Step-Functions-Execution-Status-Change/"
            ).get("Contents")
        )
        assert events
        before = described(cloud)
        assert cloud.deploy(TEMPLATE, "cloudtest") == stack.outputs
        after = described(cloud)
        assert after.get("LastUpdatedTime") == before.get("LastUpdatedTime")  # nothing to change
        s3.put_object(Bucket=stack["Bucket"], Key="shop/lists/again.lst", Body=b"1\t0\ta.png")
        eventually(
            lambda: s3.list_objects_v2(Bucket=stack["Bucket"], Prefix="heard/Object-Created/").get(
                "Contents"
            )
        )


def described(cloud: LaptopCloud) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("cloudformation").describe_stacks(StackName="cloudtest")
    stack: dict[str, Any] = found["Stacks"][0]
    return stack


@pytest.mark.slow
def test_a_killed_cloud_leaves_no_process_and_loses_little(
    tmp_path: Path, deployed: Deployed
) -> None:
    state = deployed.copy(tmp_path)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        functions = cloud.client("lambda")
        functions.invoke(FunctionName=stack["Echo"], Payload=b"{}")
        asleep = b'{"mood": "asleep"}'
        functions.invoke(FunctionName=stack["Moody"], InvocationType="Event", Payload=asleep)
        eventually(lambda: len(workers(cloud)) == 2)
        cloud.client("s3").put_object(Bucket=stack["Bucket"], Key="kept", Body=b"1")
        interrupted = sleeping(stack)
        name = interrupted.rsplit(":", 1)[-1]
        saved = state / "state/stepfunctions.json"
        eventually(lambda: saved.exists() and name in saved.read_text())
        cloud.stop(signal.SIGKILL)
        eventually(lambda: processes_of(cloud) == [])
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        assert cloud.client("s3").get_object(Bucket=stack["Bucket"], Key="kept")
        assert stack.result(interrupted)["status"] == "ABORTED"
        assert request(f"{stack['ApiUrl']}/")[0] == 200


def test_fresh_starts_empty(tmp_path: Path, root: Path) -> None:
    with running(tmp_path / "state", root) as cloud:
        cloud.client("s3").create_bucket(Bucket="old")
    with running(tmp_path / "state", root, "--fresh") as cloud:
        assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_it_ends_with_the_process_that_started_it(tmp_path: Path, root: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with running(tmp_path / "state", root, "--parent-pid", str(parent.pid)) as cloud:
        parent.kill()
        parent.wait()
        assert cloud.process.wait(timeout=20) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(tmp_path: Path, root: Path, number: signal.Signals) -> None:
    with running(tmp_path / "state", root) as cloud:
        assert cloud.stop(number) == 0
    assert list((tmp_path / "state/state").glob("*.json"))
    assert not list((tmp_path / "state/state").glob("*.tmp"))
