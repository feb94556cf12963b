"""Logs are bounded, outlive a kill, and are not written whole every few seconds."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.laptop import LaptopCloud, eventually, make_root, running

pytestmark = pytest.mark.cloud
GROUP = "/aws/sagemaker/Endpoints/talkative"
STREAM = "AllTraffic/laptop"
LINE = "GET /ping 200 " + 200 * "."
BATCH = 1_000
MOST_EVENTS, MOST_STREAMS = 10_000, 1_000  # local/log_files.py
MOST_BYTES = 8 << 20


def put(cloud: LaptopCloud, stream: str, lines: list[str]) -> None:
    now = int(time.time() * 1000)
    cloud.client("logs").put_log_events(
        logGroupName=GROUP,
        logStreamName=stream,
        logEvents=[{"timestamp": now, "message": line} for line in lines],
    )


def newest(cloud: LaptopCloud, count: int) -> list[str]:
    events = cloud.client("logs").get_log_events(
        logGroupName=GROUP, logStreamName=STREAM, limit=count
    )["events"]
    return [event["message"] for event in events]


def stored(cloud: LaptopCloud, stream: str) -> int:
    """Return how many characters a stream holds."""
    (found,) = cloud.client("logs").describe_log_streams(
        logGroupName=GROUP, logStreamNamePrefix=stream
    )["logStreams"]
    return int(found["storedBytes"])


def sizes(cloud: LaptopCloud) -> dict[str, int]:
    """Return the sizes of all files that hold state or logs."""
    folder = cloud.state_dir
    files = [*(folder / "state").glob("*.json*"), *folder.glob("logs*"), *folder.glob("journal*")]
    return {file.name: file.stat().st_size for file in files}


@pytest.fixture
def cloud(tmp_path: Path) -> Any:
    with running(tmp_path / "state", make_root(tmp_path / "root")) as cloud:
        logs = cloud.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
        yield cloud


@pytest.mark.slow
def test_a_long_stream_is_cut_and_its_newest_lines_outlive_a_kill(cloud: LaptopCloud) -> None:
    for number in range(90):
        put(cloud, STREAM, [f"{number} {LINE}"] * BATCH)
    assert stored(cloud, STREAM) <= 1.1 * (MOST_EVENTS + BATCH) * (len(LINE) + 3)
    saved = cloud.state_dir / "state/cloudwatch_logs.json"
    eventually(lambda: saved.exists() and GROUP in saved.read_text())
    assert LINE not in saved.read_text()
    put(cloud, STREAM, ["the last words"])
    cloud.stop(signal.SIGKILL)
    found = sizes(cloud)
    assert found["cloudwatch_logs.json"] < 100_000
    assert max(found["logs.jsonl"], found["logs.old.jsonl"]) < 1.1 * MOST_BYTES
    with running(cloud.state_dir, cloud.root) as again:
        last = newest(again, 3)
        assert last[-1] == "the last words"
        assert last[0] == f"89 {LINE}"
        assert stored(again, STREAM) <= 1.1 * (MOST_EVENTS + BATCH) * (len(LINE) + 3)


@pytest.mark.slow
def test_a_group_keeps_its_newest_streams(cloud: LaptopCloud) -> None:
    logs = cloud.client("logs")
    count = int(1.2 * MOST_STREAMS)
    for number in range(count):  # as a function's: one an invocation
        name = f"{number:05d}"
        logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
        put(cloud, name, ["START", "END"])
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=GROUP)
    names = [item["logStreamName"] for page in pages for item in page["logStreams"]]
    assert MOST_STREAMS <= len(names) <= 1.1 * MOST_STREAMS + 1
    assert f"{count - 1:05d}" in names


def test_a_deleted_groups_lines_do_not_bring_it_back(cloud: LaptopCloud) -> None:
    put(cloud, STREAM, ["gone"])
    cloud.client("logs").delete_log_group(logGroupName=GROUP)
    cloud.stop()
    with running(cloud.state_dir, cloud.root) as again:
        assert again.client("logs").describe_log_groups()["logGroups"] == []
