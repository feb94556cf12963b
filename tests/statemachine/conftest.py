"""The flow itself on a laptop cloud, its tasks answered from a script (Step Functions' mocks)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.laptop import LaptopCloud, eventually, make_root, running
from tests.statemachine.script import BUCKET, CASES, RESTORING, STATE, mock_file

DEFINITION = Path(__file__).parents[2] / "statemachine/retrain.asl.json"
ROLE = "arn:aws:iam::000000000000:role/jobs"
SUBSTITUTIONS = {
    "Partition": "aws",
    "FunctionPrefix": "arn:aws:lambda:us-east-1:000000000000:function:tagline",
    "FetchConcurrency": "4",
    "PackShardsPerTask": "2",
    "PackConcurrency": "4",
    "EndpointCheckSeconds": "10",
    "ClusterArn": "cluster",
    "TaskDefinitionArn": "task",
    "PlanTaskDefinitionArn": "plan-task",
    "SubnetA": "a",
    "SubnetB": "b",
    "SecurityGroup": "sg",
    "PublicIp": "ENABLED",
    "TrainingRoleArn": ROLE,
    "EvaluationRoleArn": ROLE,
    "ServingRoleArn": ROLE,
    "AlertsTopicArn": "arn:aws:sns:us-east-1:000000000000:alerts",
}


@dataclass(frozen=True)
class Walk:
    """One execution: its end and the states it came through."""

    status: str
    states: list[str]
    error: str | None
    cause: str | None
    output: dict[str, Any] | None


@dataclass(frozen=True)
class Flow:
    """The deployed definition."""

    cloud: LaptopCloud
    arn: str

    def walk(self, case: str) -> Walk:
        """Run a case of the script to its end."""
        sfn = self.cloud.client("stepfunctions")
        started = sfn.start_execution(
            stateMachineArn=f"{self.arn}#{case}",
            name=case,
            input=json.dumps(RESTORING.get(case, STATE)),
        )["executionArn"]

        def ended() -> Any:
            found = sfn.describe_execution(executionArn=started)
            return found if found["status"] != "RUNNING" else None

        done = eventually(ended)
        events = sfn.get_execution_history(executionArn=started, maxResults=1000)["events"]
        states = [
            event["stateEnteredEventDetails"]["name"]
            for event in events
            if "stateEnteredEventDetails" in event
        ]
        output = json.loads(done["output"]) if done["status"] == "SUCCEEDED" else None
        return Walk(done["status"], states, done.get("error"), done.get("cause"), output)


@pytest.fixture(scope="session")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    folder = tmp_path_factory.mktemp("flow")
    script = folder / "mocks.json"
    script.write_text(json.dumps(mock_file("retrain", CASES)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFN_MOCK_CONFIG", str(script))
        patch.setenv("SFN_WAIT_SCALE", "0")
        with running(folder / "state", make_root(folder / "root")) as cloud:
            s3 = cloud.client("s3")
            s3.create_bucket(Bucket=BUCKET)
            shards = json.dumps([{"shard": f"{n:05d}", "rows": 3, "bytes": 9} for n in range(5)])
            s3.put_object(Bucket=BUCKET, Key="shards.json", Body=shards.encode())
            assert cloud.powerful_role("jobs") == ROLE
            text = DEFINITION.read_text(encoding="utf-8")
            for name, value in SUBSTITUTIONS.items():
                text = text.replace(f"${{{name}}}", value)
            made = cloud.client("stepfunctions").create_state_machine(
                name="retrain", definition=text, roleArn=ROLE
            )
            yield Flow(cloud, made["stateMachineArn"])
