"""A deployed stack as its users meet it: objects go in by S3, answers come out by HTTP."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tagline.cli.cloud import RunningCloud
from tagline.designs import DesignSet
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import run_name

RUN_SECONDS = 300
_LOOK = 0.02  # seconds, while the flow takes the steps after the evaluation
_MANY_TIMES = 200
_BETWEEN_LOOKS = 0.3  # seconds; the answer of another process has to be asked for
QUICK = {"epochs": 2, "mini_batch_size": 16, "learning_rate": 0.002}


@dataclass(frozen=True)
class Run:
    """How a run ended."""

    name: str
    execution: Mapping[str, Any]
    status: Mapping[str, Any]


class Pipeline:
    """Uploads datasets to a laptop cloud and waits for what comes of them."""

    def __init__(self, cloud: RunningCloud) -> None:
        self.cloud = cloud
        self.bucket = cloud.target.outputs.bucket
        self.s3 = cloud.target.s3
        self.states = cloud.target.states

    @cached_property
    def stack_resources(self) -> Mapping[str, str]:
        """Physical names of the stack's resources by logical name, nested stacks included."""
        client = self.client("cloudformation")
        found: dict[str, str] = {}
        stacks = ["tagline"]
        while stacks:
            pages = client.describe_stack_resources(StackName=stacks.pop())
            for resource in pages["StackResources"]:
                found[resource["LogicalResourceId"]] = resource["PhysicalResourceId"]
                if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                    stacks.append(resource["PhysicalResourceId"])
        return found

    def client(self, service: str) -> Any:
        """Return a boto3 client of the laptop cloud."""
        session: Any = self.cloud.target.session
        return session.client(service, endpoint_url=self.cloud.endpoint, region_name="us-east-1")

    def put_images(self, dataset: str, designs: DesignSet) -> None:
        """Upload a set of designs and their label names."""
        for path in sorted((designs.folder / "images").iterdir()):
            self.s3.upload_file(str(path), self.bucket, f"{dataset}/images/{path.name}")
        self.put(DatasetKeys(dataset).labels, designs.labels_path.read_bytes())

    def put(self, key: str, body: bytes) -> Mapping[str, Any]:
        """Upload one object."""
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def settings(self, dataset: str, **sections: object) -> None:
        """Upload dataset.yaml (JSON is YAML): small images, quick training unless given."""
        merged = {"image": {"size": 32}, "training": QUICK, **sections}
        self.put(DatasetKeys(dataset).settings, json.dumps(merged).encode())

    def drop(self, dataset: str, rows: Sequence[str] | bytes, name: str = "all") -> str:
        """Upload a list file, which starts a run; return the run's name."""
        body = rows if isinstance(rows, bytes) else "".join(f"{row}\n" for row in rows).encode()
        key = f"{DatasetKeys(dataset).lists}{name}.lst"
        answer = self.put(key, body)
        return run_name(self.bucket, key, answer["VersionId"], answer["ETag"])

    def run(self, dataset: str, rows: Sequence[str] | bytes, name: str = "all") -> Run:
        """Drop a list and wait for its run to end."""
        return self.wait(self.drop(dataset, rows, name))

    def wait(self, run: str) -> Run:
        """Wait for a run to end; fails the test when it takes longer than RUN_SECONDS."""
        machine = self.cloud.target.outputs.state_machine
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{run}"
        deadline = time.monotonic() + RUN_SECONDS
        execution: Mapping[str, Any] = {"status": "never started"}
        while time.monotonic() < deadline:
            try:
                execution = self.states.describe_execution(executionArn=arn)
            except self.states.exceptions.ExecutionDoesNotExist:
                pass
            else:
                if execution["status"] != "RUNNING":
                    return Run(run, execution, self.json(RunKeys(run).of("status.json")))
            time.sleep(_BETWEEN_LOOKS)
        raise AssertionError(f"run {run} is {execution['status']} after {RUN_SECONDS} s")

    def executions(self) -> list[str]:
        """Return the names of all executions of the state machine."""
        machine = self.cloud.target.outputs.state_machine
        pages = self.states.get_paginator("list_executions").paginate(stateMachineArn=machine)
        return [item["name"] for page in pages for item in page["executions"]]

    def training_jobs(self) -> set[str]:
        """Return the names of all training jobs."""
        pages = self.client("sagemaker").get_paginator("list_training_jobs").paginate()
        return {job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]}

    def entered(self, run: str) -> list[str]:
        """Return the names of the states that a run went through so far, in order."""
        machine = self.cloud.target.outputs.state_machine
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{run}"
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=arn)
        try:
            events = [event for page in pages for event in page["events"]]
        except self.states.exceptions.ExecutionDoesNotExist:
            return []
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in events
            if "stateEnteredEventDetails" in event
        ]

    def once_evaluated(self, run: str) -> Any:
        """Wait until a run's model is evaluated; return smoke.json, before SmokeTest reads it."""
        deadline = time.monotonic() + RUN_SECONDS
        while self.cloud.target.bucket.head(RunKeys(run).smoke) is None:
            assert time.monotonic() < deadline, f"run {run} was not evaluated"
            time.sleep(_LOOK)
        return self.json(RunKeys(run).smoke)

    def let_smoke_tests_last(self, run: str) -> None:
        """Once a run's model is evaluated, have each smoke test ask for its images many times."""
        smoke = self.once_evaluated(run)
        smoke["images"] *= _MANY_TIMES
        self.put(RunKeys(run).smoke, json.dumps(smoke).encode())

    def read(self, key: str) -> bytes:
        """Return an object's bytes."""
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def json(self, key: str) -> Any:
        """Return an object's JSON."""
        return json.loads(self.read(key))

    def rejects(self, run: Run) -> list[dict[str, Any]]:
        """Return the rows that a run rejected."""
        lines = self.read(RunKeys(run.name).of("rejects.jsonl")).splitlines()
        return [json.loads(line) for line in lines]

    def tags(self, dataset: str, image: Path, query: str = "") -> tuple[int, dict[str, Any]]:
        """Ask the API for an image's tags; return the HTTP status and the answer."""
        request = urllib.request.Request(
            f"{self.cloud.target.outputs.api_url}/datasets/{dataset}/tags{query}",
            data=image.read_bytes(),
            headers={"content-type": "image/png" if image.suffix == ".png" else "image/jpeg"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def list_rows(designs: DesignSet) -> list[str]:
    """Return the rows of a set of designs' list."""
    return designs.list_path.read_text().splitlines()
