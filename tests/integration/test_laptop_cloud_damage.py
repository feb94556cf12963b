"""Damaged state is named, and the copy beside it taken; what nobody can mend stops the start."""

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import Deployed
from tests.integration.test_laptop_cloud_http import request
from tests.integration.test_laptop_cloud_lifecycle import start
from tests.laptop import LaptopCloud, eventually, free_port, make_root, running

pytestmark = pytest.mark.cloud


def halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def shorten(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def another(file: Path) -> None:
    file.write_text("[]")


DAMAGE: dict[str, Callable[[Path], None]] = {
    "laptop-cloud": shorten,
    "sagemaker.json": halve,
    "state/apigateway.json": another,
    "state/cloudformation.json": halve,
    "state/eventbridge.json": empty,
    "state/lambda.json": halve,
    "state/s3.json": Path.unlink,
    "state/stepfunctions.json": another,
}


def works(deployed: Deployed, cloud: LaptopCloud) -> None:
    """Check that the stack answers and that a dropped list is heard."""
    stack = deployed.stack(cloud)
    assert stack["ApiUrl"].startswith(f"{cloud.endpoint}/")
    assert request(f"{stack['ApiUrl']}/")[0] == 200
    name = uuid.uuid4().hex
    key = f"shop/lists/{name}.lst"
    stack.client("s3").put_object(Bucket=stack["Bucket"], Key=key, Body=b"1\t0\ta.png")
    eventually(lambda: stack.heard("Object-Created", name))


@pytest.fixture
def state(deployed: Deployed, tmp_path: Path) -> Path:
    """State of one's own, with a model in SageMaker's and a machine in Step Functions'."""
    state = deployed.copy(tmp_path)
    with running(state, deployed.root) as cloud:
        deployed.stack(cloud).run({"Done": {"Type": "Succeed"}})
        image = {"Image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/cloudtest:latest"}
        cloud.client("sagemaker").create_model(
            ModelName="kept",
            PrimaryContainer=image,
            ExecutionRoleArn="arn:aws:iam::000000000000:role/any",
        )
        assert cloud.stop() == 0
    return state


@pytest.mark.slow
def test_a_damaged_file_is_named_and_its_copy_taken(
    deployed: Deployed, state: Path, tmp_path: Path
) -> None:
    for name, damage in DAMAGE.items():
        damage(state / name)
    with (
        (tmp_path / "said").open("w+") as said,
        running(state, deployed.root, stderr=said) as cloud,
    ):
        works(deployed, cloud)
        assert cloud.client("sagemaker").list_models()["Models"][0]["ModelName"] == "kept"
        machines = cloud.client("stepfunctions").list_state_machines()["stateMachines"]
        assert len(machines) == 1
        said.seek(0)
        told = said.read()
        missing = [name for name in DAMAGE if f"{state / name} is damaged" not in told]
        assert missing == []
    assert len(list(state.rglob("*.damaged"))) == len(DAMAGE) - 1  # one was missing


def refusal(deployed: Deployed, state: Path) -> str:
    """Start, expect one line that says why not, and return it."""
    refused = start(
        *("--port", free_port(), "--state-dir", state, "--root", deployed.root),
    )
    assert refused.returncode == 1
    lines = [line for line in refused.stderr.splitlines() if line.startswith("laptop cloud: ")]
    assert len(lines) == 1, refused.stderr
    assert "Traceback" not in refused.stderr
    return lines[0]


@pytest.mark.parametrize("name", ["laptop-cloud", "sagemaker.json", "state/s3.json"])
def test_a_file_damaged_with_its_copy_stops_the_start(
    deployed: Deployed, state: Path, name: str
) -> None:
    for file in (state / name, state / f"{name}.copy"):
        shorten(file)
    line = refusal(deployed, state)
    assert f"{state / name} is damaged" in line
    assert "`tagline up --fresh`" in line


@pytest.mark.parametrize("service", ["lambda", "stepfunctions", "eventbridge", "s3", "iam"])
def test_a_stack_that_is_not_whole_is_never_ready(
    deployed: Deployed, tmp_path: Path, service: str
) -> None:
    """As after a hand's work: what the file says is sound, and lacks what was deployed."""
    state = deployed.copy(tmp_path)
    file = state / f"state/{service}.json"
    if service == "stepfunctions":  # the fixture has no machine
        stacks = state / "state/cloudformation.json"
        text = stacks.read_text().replace("AWS::SNS::Topic", "AWS::StepFunctions::StateMachine")
        for copy in (stacks, state / "state/cloudformation.json.copy"):
            copy.write_text(text)
    for copy in (file, file.with_name(f"{file.name}.copy")):
        copy.unlink(missing_ok=True)
    line = refusal(deployed, state)
    assert str(file) in line
    assert "`tagline up --fresh`" in line


@pytest.mark.parametrize("copied", [True, False], ids=["with a copy", "without"])
def test_a_damaged_journal_gives_way_to_its_copy(
    deployed: Deployed, tmp_path: Path, copied: bool
) -> None:
    state = deployed.copy(tmp_path)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        done = stack.run({"Done": {"Type": "Succeed"}}, {"n": 1})["executionArn"]
        assert cloud.stop() == 0
    for part in ("journal.db", "journal.db-wal"):
        (state / part).write_bytes(b"no database" * 1000)
    if not copied:
        (state / "journal.db.copy").write_bytes(b"no database" * 1000)
    with (
        (tmp_path / "said").open("w+") as said,
        running(state, deployed.root, stderr=said) as cloud,
    ):
        stack = deployed.stack(cloud)
        if copied:
            assert stack.result(done)["output"] == '{"n": 1}'
        assert stack.run({"Done": {"Type": "Succeed"}})["status"] == "SUCCEEDED"
        said.seek(0)
        assert f"{state / 'journal.db'} is damaged" in said.read()


def test_writes_that_a_kill_cut_in_two_are_finished_or_undone(
    deployed: Deployed, tmp_path: Path
) -> None:
    state = deployed.copy(tmp_path)
    with running(state, deployed.root) as cloud:
        stack = deployed.stack(cloud)
        s3 = cloud.client("s3")
        for key in ("undone", "finished"):
            for body in (b"first", b"second!"):
                s3.put_object(Bucket=stack["Bucket"], Key=key, Body=body)
        assert cloud.stop() == 0
    folder = state / "s3/000000000000" / stack["Bucket"]
    about = json.loads((folder / "finished.meta.json").read_text())
    former = {**about, "size": 5, "versions": about["versions"][:1]}
    # killed between the two renames: the second's description is still a draft
    (folder / "finished.meta.json").rename(folder / "finished.meta.json.tmp")
    (folder / "finished.meta.json").write_text(json.dumps(former))
    # killed while the drafts were written
    (folder / "undone.tmp").write_bytes(b"thi")
    (folder / "undone.meta.json.tmp").write_text('{"size": ')
    with running(state, deployed.root) as cloud:
        s3 = cloud.client("s3")
        for key in ("undone", "finished"):
            answer = s3.get_object(Bucket=stack["Bucket"], Key=key)
            assert answer["ContentLength"] == 7
            assert answer["Body"].read() == b"second!"
            listed = s3.list_object_versions(Bucket=stack["Bucket"], Prefix=key)["Versions"]
            assert len(listed) == 2
    assert list(folder.glob("*.tmp")) == []


def test_an_address_is_moved_and_no_other(deployed: Deployed, tmp_path: Path) -> None:
    """The port before may be the beginning of another number."""
    state = deployed.copy(tmp_path)
    stacks = state / "state/cloudformation.json"
    before = (state / "laptop-cloud").read_text().strip()
    address = re.compile(rf"127\.0\.0\.1:{before}(?!\d)")
    for file in (stacks, state / "state/cloudformation.json.copy"):
        text, count = address.subn(f"127.0.0.1:{before}9", file.read_text(), count=1)
        file.write_text(text)
    assert count == 1
    with running(state, deployed.root) as cloud:
        assert cloud.stop() == 0
    assert f"127.0.0.1:{before}9" in stacks.read_text()
    assert not address.search(stacks.read_text())


def test_fresh_needs_no_sound_state(deployed: Deployed, tmp_path: Path) -> None:
    state = deployed.copy(tmp_path)
    for file in (state / "laptop-cloud", state / "laptop-cloud.copy"):
        file.write_text("?")
    with running(state, deployed.root, "--fresh") as cloud:
        assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_state_is_on_the_disk_before_it_counts(tmp_path: Path) -> None:
    """Every state file and its folder are synchronised: a crash of the machine halves nothing."""
    program = """
import os
from pathlib import Path
from local import durable
seen = []
sync, rename = os.fsync, Path.replace
os.fsync = lambda n: (seen.append("sync " + os.readlink(f"/proc/self/fd/{n}")), sync(n))
Path.replace = lambda a, b: (seen.append(f"rename {b}"), rename(a, b))[1]
durable.write(Path("a.json"), "{}")
print("\\n".join(seen))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    steps = [re.sub(r"\.\d+-\d+\.tmp", ".tmp", step) for step in done.stdout.splitlines()]
    one = ["sync {0}/{1}.tmp", "rename {1}", "sync {0}"]
    wanted = [step.format(tmp_path, name) for name in ("a.json", "a.json.copy") for step in one]
    assert steps == wanted


def test_the_state_of_objects_is_there_before_any_stack(tmp_path: Path) -> None:
    """So that a kill just after the first stack began is not taken for damage."""
    with running(tmp_path / "state", make_root(tmp_path / "root")) as cloud:
        cloud.client("sqs").create_queue(QueueName="any")
        eventually((tmp_path / "state/state/s3.json").exists)
        assert not (tmp_path / "state/state/cloudformation.json").exists()
