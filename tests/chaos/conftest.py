"""The product's own stack on clouds that are killed and disks that fill up."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tagline.cli.cloud import running_cloud
from tagline.cli.places import free_port
from tagline.designs import DesignSet
from tests.e2e.conftest import build_dir, designs, short_waits
from tests.e2e.pipeline import OnLaptop, Pipeline

__all__ = ["build_dir", "designs", "short_waits"]
DATASET = "chaos"


Start = Callable[[], AbstractContextManager[OnLaptop]]


@pytest.fixture
def start(tmp_path: Path, build_dir: Path, designs: DesignSet) -> Start:
    """Return what starts a cloud with the stack and a dataset, again and again on one state."""
    return starter(tmp_path / "cloud", build_dir, designs)


def starter(state_dir: Path, build_dir: Path, designs: DesignSet) -> Start:
    """Return what starts a cloud on a state directory; its first start uploads the dataset."""

    @contextmanager
    def started() -> Iterator[OnLaptop]:
        fresh = not state_dir.exists() or not any(state_dir.iterdir())
        with running_cloud(free_port(), state_dir, build_dir=build_dir) as cloud:
            pipeline = OnLaptop(cloud)
            if fresh:
                pipeline.put_images(DATASET, designs)
                pipeline.settings(DATASET)
                listen(pipeline)
            yield pipeline

    return started


def listen(pipeline: Pipeline) -> None:
    """Put a queue behind the alerts' topic."""
    queue = pipeline.client("sqs").create_queue(QueueName="alerts")["QueueUrl"]
    arn = pipeline.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])[
        "Attributes"
    ]["QueueArn"]
    topic = pipeline.stack_resources["AlertsTopic"]
    pipeline.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)


def alerts(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Take the alerts that came since the last time."""
    sqs = pipeline.client("sqs")
    queue = sqs.get_queue_url(QueueName="alerts")["QueueUrl"]
    told = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            told.append(json.loads(json.loads(message["Body"])["Message"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return told
