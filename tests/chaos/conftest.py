"""One stack, deployed once, with a dataset and a weak champion; each test breaks a copy of it."""

import contextlib
import io
import json
import shutil
import signal
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tagline.cli.cloud import RunningCloud, running_cloud
from tagline.cli.places import free_port
from tagline.cli.target import laptop_target
from tagline.designs import DesignSet
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.outcomes import ALERTS_KEY
from tests.chaos.asking import Answers, asking
from tests.chaos.dying import HANGING
from tests.e2e.conftest import build_dir, designs, short_waits
from tests.e2e.pipeline import QUICK, RUN_SECONDS, OnLaptop, list_rows
from tests.integration.test_laptop_cloud_lifecycle import processes_with
from tests.laptop import REPOSITORY, eventually, running

__all__ = ["build_dir", "designs", "short_waits"]
DATASET = "chaos"
WEAK = {**QUICK, "learning_rate": 1e-6, "epochs": 1}  # hardly learns: any challenger beats it
STRONG = {**QUICK, "epochs": 4}


@dataclass(frozen=True)
class Kept:
    """What a clean stop left: the stack, the images, and a champion or none."""

    state: Path
    scripts: Path

    def copy(self, folder: Path) -> Path:
        """Return a state directory of one's own."""
        return Path(shutil.copytree(self.state, folder, symlinks=True))


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tests tell functions to die; see dying.py."""
    return tmp_path_factory.mktemp("scripts")


@pytest.fixture(scope="session")
def empty(
    tmp_path_factory: pytest.TempPathFactory, build_dir: Path, designs: DesignSet, scripts: Path
) -> Kept:
    """The stack, its functions wrapped, a queue behind the alerts, a dataset: no champion."""
    state = tmp_path_factory.mktemp("empty") / "cloud"
    with running_cloud(free_port(), state, fresh=True, build_dir=build_dir) as cloud:
        pipeline = OnLaptop(cloud)
        wrap(pipeline, scripts)
        listen(pipeline)
        pipeline.put_images(DATASET, designs)
        pipeline.settings(DATASET, training=STRONG)
    return Kept(state, scripts)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory, empty: Kept, designs: DesignSet) -> Kept:
    """The same with a champion."""
    folder = tmp_path_factory.mktemp("kept") / "cloud"
    with started(empty.copy(folder)) as pipeline:
        pipeline.settings(DATASET, training=WEAK)
        assert pipeline.run(DATASET, list_rows(designs)).status["outcome"] == "Promoted"
        pipeline.settings(DATASET, training=STRONG)
    return Kept(folder, empty.scripts)


@contextmanager
def started(state: Path) -> Iterator[OnLaptop]:
    """Run a cloud on what is there, without deploying anew."""
    with running(state, REPOSITORY) as cloud:
        yield OnLaptop(
            RunningCloud(
                cloud.endpoint,
                cloud.port,
                state,
                state / "cloud.log",
                state / "cloud.out",
                cloud.process,  # type: ignore[arg-type] # its output is text
                laptop_target(cloud.endpoint),
            )
        )


class Laptop:
    """A copy of the stack on a cloud that can be killed and started again."""

    def __init__(self, kept: Kept, folder: Path, designs: DesignSet) -> None:
        self._kept, self._folder, self._designs = kept, folder, designs
        self._copies = 0
        self._stack = ExitStack()
        self.pipeline: OnLaptop
        self.state: Path
        self.champion = ""
        self.renew()

    def renew(self) -> None:
        """Begin again with the champion of the beginning."""
        self._stack.close()
        self._copies += 1
        self.state = self._kept.copy(self._folder / str(self._copies))
        self.start()
        champion = self.champion_json()
        self.champion = champion["run"] if champion else ""

    def start(self) -> None:
        """Start the cloud on the state that is there."""
        self.pipeline = self._stack.enter_context(started(self.state))

    def stop(self) -> None:
        """Stop the cloud in order."""
        self._stack.close()

    def kill(self) -> None:
        """kill -9 the cloud; all that it had started ends with it."""
        self.pipeline.cloud.process.send_signal(signal.SIGKILL)
        eventually(lambda: processes_with(self.pipeline.cloud.endpoint) == [])
        self._stack.close()

    def fresh_champion(self) -> None:
        """Have the champion of the beginning, in a new copy if this one is not as it was."""
        if self.pipeline.cloud.process.poll() is not None:  # a test failed between two clouds
            self.renew()
        found = self.champion_json()
        if (found["run"] if found else "") != self.champion:
            self.renew()
        self.pipeline.settings(DATASET, training=STRONG)
        # else a second failure within the hour would wait for the digest
        self.pipeline.client("s3").delete_object(Bucket=self.pipeline.bucket, Key=ALERTS_KEY)
        alerts(self.pipeline)

    def champion_json(self) -> Any:
        """Return champion.json, None without."""
        key = DatasetKeys(DATASET).champion
        return self.pipeline.json(key) if self.pipeline.cloud.target.bucket.head(key) else None

    def asking(self) -> AbstractContextManager[Answers]:
        """Ask the API for tags every 200 ms."""
        api = self.pipeline.cloud.target.outputs.api_url
        return asking(api, DATASET, self._designs.held_out[0].path)

    def script(self, function: str, *words: str) -> Path:
        """Tell a function what to do at its next calls; return the file with what is left of it."""
        script = self._kept.scripts / function
        script.with_name(function + HANGING).unlink(missing_ok=True)
        script.write_text("\n".join(words))
        return script

    def hanging(self, function: str) -> bool:
        """Return whether a function that was told to hang does."""
        return (self._kept.scripts / (function + HANGING)).exists()

    def drop(self, name: str = "all") -> str:
        """Drop the dataset's list; return the run."""
        return self.pipeline.drop(DATASET, list_rows(self._designs), name)

    def entered(self, run: str) -> list[str]:
        """Return the states that a run has been in, none before it has begun."""
        return self.pipeline.entered(run)

    def execution(self, run: str) -> str:
        """Return the ARN of a run's execution."""
        machine = self.pipeline.cloud.target.outputs.state_machine
        return f"{machine.replace(':stateMachine:', ':execution:')}:{run}"

    def status(self, run: str) -> dict[str, Any]:
        """Wait for a run's status.json and return it."""
        key = RunKeys(run).status
        eventually(lambda: self.pipeline.cloud.target.bucket.head(key), RUN_SECONDS)
        found: dict[str, Any] = self.pipeline.json(key)
        return found

    def settled(self) -> None:
        """Wait until nothing runs, and the endpoint has what champion.json says."""
        eventually(self._is_settled, RUN_SECONDS)

    def _is_settled(self) -> bool:
        machine = self.pipeline.cloud.target.outputs.state_machine
        going_on = self.pipeline.states.list_executions(
            stateMachineArn=machine, statusFilter="RUNNING"
        )["executions"]
        champion = self.champion_json()
        endpoints = self.pipeline.client("sagemaker").list_endpoints()["Endpoints"]
        if going_on or len(endpoints) != bool(champion):  # a trial is none to keep
            return False
        if not champion:
            return True
        found = self.pipeline.client("sagemaker").describe_endpoint(
            EndpointName=champion["endpoint"]
        )
        there = (found["EndpointStatus"], found["EndpointConfigName"])
        return there == ("InService", champion["endpoint_config"])

    def processes(self, *words: str) -> list[psutil.Process]:
        """Return the cloud's processes whose command lines have all these words."""
        return [
            process
            for process in psutil.process_iter(["environ", "cmdline"])
            if (process.info["environ"] or {}).get("AWS_ENDPOINT_URL")
            == self.pipeline.cloud.endpoint
            and set(words) <= set(process.info["cmdline"] or ())
        ]

    def left_over(self) -> list[str]:
        """Return what still runs, soon, beside warm functions and one model server."""

        def found() -> list[str]:
            lines = [
                line
                for line in processes_with(self.pipeline.cloud.endpoint)
                if "awslambdaric" not in line and not line.endswith("undertaker.py")
            ]
            servers = [line for line in lines if line.endswith(" serve")]
            return [line for line in lines if line not in servers] + servers[1:]

        with contextlib.suppress(AssertionError):  # what was replaced may still be ending
            eventually(lambda: not found())
        return found()

    def unscript(self) -> None:
        """Let every function work again."""
        for script in self._kept.scripts.iterdir():
            script.unlink()


@pytest.fixture(scope="module")
def laptop(
    tmp_path_factory: pytest.TempPathFactory, kept: Kept, designs: DesignSet
) -> Iterator[Laptop]:
    """A cloud of this module's with the champion."""
    laptop = Laptop(kept, tmp_path_factory.mktemp("laptop"), designs)
    try:
        yield laptop
    finally:
        laptop.stop()


@pytest.fixture(autouse=True)
def no_script_left(scripts: Path) -> Iterator[None]:
    """No function of the next test dies."""
    yield
    for script in scripts.iterdir():
        script.unlink()


def wrap(pipeline: OnLaptop, scripts: Path) -> None:
    """Put dying.py round the handler of every function."""
    client = pipeline.client("lambda")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.write(Path(__file__).with_name("dying.py"), "python/dying.py")
    layer = client.publish_layer_version(
        LayerName="dying", Content={"ZipFile": archive.getvalue()}
    )["LayerVersionArn"]
    for page in client.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            variables = function["Environment"]["Variables"]
            client.update_function_configuration(
                FunctionName=function["FunctionName"],
                Handler="dying.handler",
                Layers=[*(found["Arn"] for found in function["Layers"]), layer],
                Environment={"Variables": {**variables, "CHAOS_SCRIPTS": str(scripts)}},
            )


def listen(pipeline: OnLaptop) -> None:
    """Put a queue behind the alerts' topic."""
    queue = pipeline.client("sqs").create_queue(QueueName="alerts")["QueueUrl"]
    arn = pipeline.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])[
        "Attributes"
    ]["QueueArn"]
    topic = pipeline.stack_resources["AlertsTopic"]
    pipeline.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)


def alerts(pipeline: OnLaptop, least: int = 0) -> list[dict[str, Any]]:
    """Take the alerts that came since the last time, once there are as many as expected."""
    told: list[dict[str, Any]] = []
    sqs = pipeline.client("sqs")
    queue = sqs.get_queue_url(QueueName="alerts")["QueueUrl"]

    def taken() -> bool:
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                told.append(json.loads(json.loads(message["Body"])["Message"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return len(told) >= least

    eventually(taken, 60)
    return told
