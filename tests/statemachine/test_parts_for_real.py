"""The packing states with real containers: one task and several make the same dataset."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from tagline.aws.s3 import Bucket
from tagline.formats.keys import RunKeys
from tagline.formats.locations import plain_etag
from tagline.formats.plan import Plan
from tagline.formats.steps import PlannedInTask
from tests.integration.packing_run import BUCKET, KEYS, RUN, RunOnPaper
from tests.laptop import LaptopCloud, eventually, make_root, running
from tests.statemachine.conftest import DEFINITION, SUBSTITUTIONS
from tests.statemachine.script import IN_TASK, PLAN, answers, mock_file

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
REAL = ("PlanInTask", "PackDataset", "PackPart", "JoinParts")
CASES = {
    name: {"PlanDataset": answers(replace(PLAN, shards=n, shards_key=KEYS.shards))}
    for name, n in (("one-task", 2), ("three-parts", 5), ("a-part-fails", 5))
}
CASES["planned-in-task"] = {"PlanDataset": IN_TASK}
INPUT = {"bucket": BUCKET, "dataset": "designs", "run": RUN, "started": "2026-11-12T00:00:00Z"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaptopCloud]:
    """A laptop cloud with the flow, whose packing tasks alone are not scripted."""
    folder = tmp_path_factory.mktemp("parts")
    script = mock_file("retrain", CASES)
    for case in script["StateMachines"]["retrain"]["TestCases"].values():
        for state in REAL:
            del case[state]
    (folder / "mocks.json").write_text(json.dumps(script))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFN_MOCK_CONFIG", str(folder / "mocks.json"))
        patch.setenv("SFN_WAIT_SCALE", "0")
        with running(folder / "state", make_root(folder / "root")) as cloud:
            cloud.client("s3").create_bucket(Bucket=BUCKET)
            _make_packing(cloud)
            yield cloud


def _make_packing(cloud: LaptopCloud) -> None:
    ecs = cloud.client("ecs")
    role = cloud.powerful_role("jobs")
    ecs.create_cluster(clusterName=SUBSTITUTIONS["ClusterArn"])
    ecs.register_task_definition(
        family=SUBSTITUTIONS["TaskDefinitionArn"],
        networkMode="awsvpc",
        taskRoleArn=role,
        containerDefinitions=[
            {"name": "im2rec", "image": "tagline/im2rec:latest", "command": ["pack"]}
        ],
    )
    ecs.register_task_definition(
        family=SUBSTITUTIONS["PlanTaskDefinitionArn"],
        networkMode="awsvpc",
        taskRoleArn=role,
        containerDefinitions=[
            {"name": "im2rec", "image": "tagline/im2rec:latest", "command": ["plan"]}
        ],
    )
    text = DEFINITION.read_text(encoding="utf-8")
    for name, value in SUBSTITUTIONS.items():
        text = text.replace(f"${{{name}}}", value)
    cloud.client("stepfunctions").create_state_machine(
        name="retrain", definition=text, roleArn=role
    )


def walk(
    cloud: LaptopCloud, case: str, event: dict[str, Any] = INPUT
) -> tuple[dict[str, Any], list[str]]:
    """Run a case to its end; return how it ended and the states it came through."""
    sfn = cloud.client("stepfunctions")
    (machine,) = sfn.list_state_machines()["stateMachines"]
    started = sfn.start_execution(
        stateMachineArn=f"{machine['stateMachineArn']}#{case}", name=case, input=json.dumps(event)
    )["executionArn"]

    def ended() -> Any:
        found = sfn.describe_execution(executionArn=started)
        return found if found["status"] != "RUNNING" else None

    done = eventually(ended, 180)
    events = sfn.get_execution_history(executionArn=started, maxResults=1000)["events"]
    entered = [e["stateEnteredEventDetails"] for e in events if "stateEnteredEventDetails" in e]
    return done, [state["name"] for state in entered]


def written(cloud: LaptopCloud) -> dict[str, bytes]:
    """Return what the packing wrote for others, and forget it."""
    s3 = cloud.client("s3")
    names = (
        *("training/train.rec", "validation/val.rec", "test/test.rec"),
        *("verdicts.jsonl", "rejects.jsonl", "dataset.json"),
    )
    found = {}
    for key in map(KEYS.of, names):
        found[key] = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        s3.delete_object(Bucket=BUCKET, Key=key)
    return found


def stopped_tasks(cloud: LaptopCloud) -> list[str]:
    found = cloud.client("ecs").list_tasks(cluster="cluster", desiredStatus="STOPPED")
    return list(found["taskArns"])


def test_a_list_that_no_function_holds_is_planned_by_a_task(cloud: LaptopCloud) -> None:
    s3, keys = cloud.client("s3"), RunKeys(f"others-{1:016x}")
    lines = []
    for number in range(12):
        s3.put_object(Bucket=BUCKET, Key=f"others/{number}.png", Body=b"%d" % number)
        lines.append(b"%d\t%d\t1\t%d.png\n" % (number, number % 2, number))
    key = "others/lists/a.lst"
    etag = s3.put_object(Bucket=BUCKET, Key=key, Body=b"".join([*lines, b"13\t0\t0\tgone\n"]))
    dropped = {"key": key, "version_id": "", "etag": plain_etag(etag["ETag"])}
    event = {**INPUT, "dataset": "others", "run": keys.run, "list": dropped}
    done, states = walk(cloud, "planned-in-task", event)
    assert done["status"] == "SUCCEEDED", done
    assert states[1:6] == ["PlanDataset", "Unchanged?", "PlanInTask", "PlanDataset", "Unchanged?"]
    bucket = Bucket(s3, BUCKET)
    answer, plan = bucket.read(keys.plan_answer, PlannedInTask).answer, bucket.read(keys.plan, Plan)
    assert answer is not None
    assert (answer.rows, answer.accepted, answer.shards) == (13, 12, 1)
    assert (plan.accepted, plan.shards) == (12, 1)


def test_several_tasks_make_what_one_task_makes(cloud: LaptopCloud) -> None:
    paper = RunOnPaper.of(90)
    paper.images[7] = b"<html>not found</html>"
    paper.put(cloud.client("s3"))
    done, states = walk(cloud, "one-task")
    assert done["status"] == "SUCCEEDED", done
    assert "PackDataset" in states
    one = written(cloud)
    done, states = walk(cloud, "three-parts")
    assert done["status"] == "SUCCEEDED", done
    assert states[states.index("PackInParts?") :][:3] == ["PackInParts?", "PackParts", "JoinParts"]
    assert written(cloud) == one
    s3 = cloud.client("s3")
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=KEYS.of("parts/"))["Contents"]
    parts = {item["Key"].removeprefix(KEYS.of("parts/")).split("/")[0] for item in listed}
    assert parts == {"00000-00001", "00002-00003", "00004-00004"}
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix=KEYS.of("pack-results/"))["KeyCount"] == 2


def test_a_part_that_keeps_failing_leaves_its_reason(cloud: LaptopCloud) -> None:
    s3 = cloud.client("s3")
    RunOnPaper.of(90).put(s3)
    s3.put_object(Bucket=BUCKET, Key=KEYS.shard_images("00003"), Body=b"no tar")
    before = len(stopped_tasks(cloud))
    done, states = walk(cloud, "a-part-fails")
    assert done["status"] == "FAILED"
    assert states[-1] == "PackParts"
    note = s3.get_object(Bucket=BUCKET, Key=KEYS.of("failures/PackParts.txt"))["Body"].read()
    assert note.startswith(b"Part 00002-00003: The images of shard 00003 are no tar file")
    assert len(stopped_tasks(cloud)) - before == 2 + 3  # that part alone was tried three times
