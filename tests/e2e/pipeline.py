"""A deployed stack as its users meet it: objects go in by S3, answers come out by HTTP.

A laptop's or an account's, known by its outputs alone.
"""

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tagline.cli.belongings import belongings, delete_belonging
from tagline.cli.cloud import RunningCloud
from tagline.cli.destroy import delete_objects
from tagline.cli.target import Target, is_laptop
from tagline.designs import DesignSet
from tagline.formats.batch_keys import BatchKeys, batch_name, batches_of
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import run_name

RUN_SECONDS = 300
_ACCOUNT_SECONDS = 3600  # of which SageMaker takes minutes to start each job and endpoint
_LOOK = 0.02  # seconds, while the flow takes the steps after the evaluation
_MANY_TIMES = 200
_BETWEEN_LOOKS = 0.3  # seconds; the answer of another process has to be asked for
_ACCOUNT_BETWEEN_LOOKS = 5.0
_SESSION = secrets.token_hex(3)
QUICK = {"epochs": 2, "mini_batch_size": 16, "learning_rate": 0.002}


@dataclass(frozen=True)
class Run:
    """How a run ended."""

    name: str
    execution: Mapping[str, Any]
    status: Mapping[str, Any]


def unique(dataset: str) -> str:
    """Return a dataset's name of this session: an account's stack has seen others."""
    return f"{dataset}-{_SESSION}"


class Pipeline:
    """Uploads datasets to a stack and waits for what comes of them."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.bucket = target.outputs.bucket
        self.s3 = target.s3
        self.states = target.states
        laptop = is_laptop(target.endpoint)
        self.run_seconds = RUN_SECONDS if laptop else _ACCOUNT_SECONDS
        self.between_looks = _BETWEEN_LOOKS if laptop else _ACCOUNT_BETWEEN_LOOKS

    @cached_property
    def stack_resources(self) -> Mapping[str, str]:
        """Physical names of the stack's resources by logical name, nested stacks included."""
        client = self.client("cloudformation")
        found: dict[str, str] = {}
        stacks = [self.target.stack]
        while stacks:
            pages = client.describe_stack_resources(StackName=stacks.pop())
            for resource in pages["StackResources"]:
                found[resource["LogicalResourceId"]] = resource["PhysicalResourceId"]
                if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                    stacks.append(resource["PhysicalResourceId"])
        return found

    def client(self, service: str) -> Any:
        """Return a boto3 client of the stack's cloud."""
        return self.target.client(service)

    def put_images(self, dataset: str, designs: DesignSet) -> None:
        """Upload a set of designs and their label names."""
        for path in sorted((designs.folder / "images").iterdir()):
            self.s3.upload_file(str(path), self.bucket, f"{dataset}/images/{path.name}")
        self.put(DatasetKeys(dataset).labels, designs.labels_path.read_bytes())

    def put(self, key: str, body: bytes) -> Mapping[str, Any]:
        """Upload one object."""
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def put_weights(self, dataset: str, bucket: str | None = None) -> str:
        """Upload a file of weights that the network `small` may start from; return its key."""
        path = Path(__file__).parents[2] / "containers/trainer/starter/small.npz"
        key = f"{DatasetKeys(dataset).start}small.npz"
        self.s3.upload_file(str(path), bucket or self.bucket, key)
        return key

    def settings(self, dataset: str, **sections: object) -> None:
        """Upload dataset.yaml (JSON is YAML): small images, quick training unless given.

        A better mAP is enough to be promoted: a dozen test images prove nothing.
        """
        small = {"image": {"size": 32}, "training": QUICK, "promotion": {"confidence": 0}}
        merged = {**small, **sections}
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
        """Wait for a run to end and be recorded; fails the test when it takes too long."""
        arn = self.execution(run)
        deadline = time.monotonic() + self.run_seconds
        execution: Mapping[str, Any] = {"status": "never started"}
        while time.monotonic() < deadline:
            try:
                execution = self.states.describe_execution(executionArn=arn)
            except self.states.exceptions.ExecutionDoesNotExist:
                pass
            else:
                recorded = self.target.bucket.head(RunKeys(run).status)
                if recorded and execution["status"] != "RUNNING":
                    return Run(run, execution, self.json(RunKeys(run).status))
            time.sleep(self.between_looks)
        raise AssertionError(f"run {run} is {execution['status']} after {self.run_seconds} s")

    def tag_batch(self, dataset: str, lines: Sequence[str], name: str = "new.txt") -> Any:
        """Drop a list of images to tag; return its status.json once it is there."""
        key = f"{batches_of(dataset)}{name}"
        answer = self.put(key, "".join(f"{line}\n" for line in lines).encode())
        batch = batch_name(self.bucket, key, answer["VersionId"], answer["ETag"])
        deadline = time.monotonic() + self.run_seconds
        while time.monotonic() < deadline:
            if self.target.bucket.head(BatchKeys(batch).status):
                return self.json(BatchKeys(batch).status)
            time.sleep(self.between_looks)
        raise AssertionError(f"batch {batch} has not ended after {self.run_seconds} s")

    def until(self, so: Callable[[], bool], what: str) -> None:
        """Wait until something is so; fails the test when it takes too long."""
        deadline = time.monotonic() + self.run_seconds
        while not so():
            assert time.monotonic() < deadline, f"after {self.run_seconds} s not: {what}"
            time.sleep(self.between_looks)

    def execution(self, name: str) -> str:
        """Return an execution's ARN."""
        machine = self.target.outputs.state_machine
        return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"

    def tidy(self) -> None:
        """Delete what this session left in a stack that stays: objects, endpoints and the like."""
        mine = [name for name in self.target.bucket.folders("") if name.endswith(f"-{_SESSION}")]
        prefixes = tuple(f"s3://{self.bucket}/{name}/" for name in mine)
        for found in belongings(self.target, prefixes):
            delete_belonging(self.target, found)
        for name in mine:
            delete_objects(self.target, f"{name}/")

    def executions(self) -> list[str]:
        """Return the names of all executions of the state machine."""
        machine = self.target.outputs.state_machine
        pages = self.states.get_paginator("list_executions").paginate(stateMachineArn=machine)
        return [item["name"] for page in pages for item in page["executions"]]

    def training_jobs(self) -> set[str]:
        """Return the names of all training jobs."""
        pages = self.client("sagemaker").get_paginator("list_training_jobs").paginate()
        return {job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]}

    def entered(self, run: str) -> list[str]:
        """Return the names of the states that a run went through so far, in order."""
        history = self.states.get_paginator("get_execution_history")
        pages = history.paginate(executionArn=self.execution(run))
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
        deadline = time.monotonic() + self.run_seconds
        while self.target.bucket.head(RunKeys(run).smoke) is None:
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
        kind = "image/png" if image.suffix == ".png" else "image/jpeg"
        return self._tags(f"{dataset}/tags{query}", image.read_bytes(), kind)

    def tags_of(self, dataset: str, uri: str) -> tuple[int, dict[str, Any]]:
        """Ask the API for the tags of an image in S3, likewise."""
        wanted = json.dumps({"s3_uri": uri}).encode()
        return self._tags(f"{dataset}/tags", wanted, "application/json")

    def correct(self, dataset: str, **said: object) -> tuple[int, dict[str, Any]]:
        """Send the API feedback on an image; return the HTTP status and the answer."""
        body = json.dumps(said).encode()
        return self._tags(f"{dataset}/feedback", body, "application/json")

    def answer(self, path: str) -> Any:
        """Return what the API answers to a GET, be it a problem."""
        try:
            with urllib.request.urlopen(f"{self.target.outputs.api_url}/{path}") as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def asked(self, path: str, document: object) -> Any:
        """Return what the API answers to a POST of JSON below /datasets/, be it a problem."""
        return self._tags(path, json.dumps(document).encode(), "application/json")[1]

    def send(self, dataset: str, body: bytes, **file: str) -> str | None:
        """Send a file as the page does; return the run that a list starts."""
        asked = {"bytes": len(body), **file}
        upload = self.asked(f"{dataset}/lists", asked)
        request = urllib.request.Request(upload["url"], data=body, method="PUT")
        request.add_header("content-type", "")
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200
        lists = self.answer(f"datasets/{dataset}/lists")["lists"]
        return next((each["run"] for each in lists if each["name"] == upload["name"]), None)

    def _tags(self, path: str, body: bytes, kind: str) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(
            f"{self.target.outputs.api_url}/datasets/{path}",
            data=body,
            headers={"content-type": kind},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


class OnLaptop(Pipeline):
    """A stack on a laptop cloud whose processes a test may look at, or kill."""

    def __init__(self, cloud: RunningCloud) -> None:
        super().__init__(cloud.target)
        self.cloud = cloud


def list_rows(designs: DesignSet) -> list[str]:
    """Return the rows of a set of designs' list."""
    return designs.list_path.read_text().splitlines()


def soon(look: Callable[[], Any]) -> Any:
    """Return the first answer that is something."""
    deadline = time.monotonic() + _ACCOUNT_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{look} found nothing in {_ACCOUNT_SECONDS} s")
