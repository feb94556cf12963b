"""Plan, fetch and pack 155,000 rows of 334 labels on the laptop cloud, with the real processes.

`python bench/bench_scale.py [ROWS]` deploys the stack to a laptop cloud of its own, uploads that
many small images, drops their list, and stops the run once the packed dataset is complete. It
prints Markdown tables: time by state, peak memory by kind of process.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from botocore.config import Config
from process_memory import MemoryWatch
from scale_source import LABELS, images, write_list

from tagline.aws.s3 import Bucket
from tagline.cli.cloud import RunningCloud, running_cloud
from tagline.cli.places import free_port
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import run_name
from tagline.formats.outcomes import Status
from tagline.formats.packed import PackedDataset
from tagline.formats.rows import Side

ROWS = 155_000
DATASET = "scale"
AFTER = "PlanTraining"  # the first state that is not measured
_SETTINGS = json.dumps({"image": {"size": 96}})
_UPLOADS = 8
_BATCH = 2000
_ENDS = {"FAILED", "ABORTED", "TIMED_OUT"}
_HOURS_AT_MOST = 3
_SHOWN = 0.5  # seconds; Choice and Pass states take less


def main() -> int:
    """Run it and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", type=int, nargs="?", default=ROWS)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="tagline-scale-") as folder:
        state_dir = Path(folder) / "cloud"
        with running_cloud(free_port(), state_dir, fresh=True) as cloud:
            bench = Bench(cloud, rows)
            with MemoryWatch(cloud.process.pid) as memory:
                uploaded = bench.upload()
                run = bench.drop(Path(folder) / "all.lst")
                dataset = bench.follow(run)
            bench.report(run, dataset, uploaded, memory)
    return 0


class Bench:
    """One run on a laptop cloud."""

    def __init__(self, cloud: RunningCloud, rows: int) -> None:
        self._cloud = cloud
        self._rows = rows
        self._bucket = cloud.target.outputs.bucket
        self._s3 = self._client("s3")
        self._data = Bucket(self._s3, self._bucket)
        self._states = self._client("stepfunctions")
        self._machine = cloud.target.outputs.state_machine

    def _client(self, service: str) -> Any:
        session: Any = self._cloud.target.session
        return session.client(
            service,
            endpoint_url=self._cloud.endpoint,
            config=Config(max_pool_connections=_UPLOADS, read_timeout=300),
        )

    def upload(self) -> float:
        """Upload the images; return the seconds it took."""
        started = time.monotonic()
        source = images(self._rows)
        with ThreadPoolExecutor(_UPLOADS) as pool:
            while batch := list(islice(source, _BATCH)):
                list(pool.map(self._put, batch))
        return time.monotonic() - started

    def _put(self, image: tuple[str, bytes]) -> None:
        name, data = image
        self._s3.put_object(Bucket=self._bucket, Key=f"{DATASET}/images/{name}", Body=data)

    def drop(self, path: Path) -> str:
        """Write and drop the list; return its run's name."""
        keys = DatasetKeys(DATASET)
        self._s3.put_object(Bucket=self._bucket, Key=keys.settings, Body=_SETTINGS.encode())
        write_list(path, self._rows)
        key = f"{keys.lists}all.lst"
        with path.open("rb") as body:
            answer = self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        return run_name(self._bucket, key, answer["VersionId"], answer["ETag"])

    def follow(self, run: str) -> PackedDataset:
        """Wait until the run has come past the packing, stop it, and return its dataset.json."""
        arn = self._arn(run)
        deadline = time.monotonic() + _HOURS_AT_MOST * 3600
        while time.monotonic() < deadline:
            try:
                status = self._states.describe_execution(executionArn=arn)["status"]
            except self._states.exceptions.ExecutionDoesNotExist:
                status = "not started"
            else:
                if AFTER in dict(self._entered(run)):
                    self._states.stop_execution(executionArn=arn, cause="measured")
                    break
                if status in _ENDS:
                    raise SystemExit(self._failure(run, status))
            time.sleep(0.5)
        else:
            raise SystemExit(f"{run} was still {status} after {_HOURS_AT_MOST} hours")
        return self._data.read(RunKeys(run).packed_dataset, PackedDataset)

    def _failure(self, run: str, status: str) -> str:
        reason = self._data.read(RunKeys(run).status, Status).reason
        return f"{run} ended as {status}: {reason}"

    def _arn(self, run: str) -> str:
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{run}"

    def _entered(self, run: str) -> list[tuple[str, float]]:
        """Return the states entered and when, in seconds, in order."""
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=self._arn(run), includeExecutionData=False
        )
        return [
            (event["stateEnteredEventDetails"]["name"], event["timestamp"].timestamp())
            for page in pages
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]

    def report(
        self, run: str, dataset: PackedDataset, uploaded: float, memory: MemoryWatch
    ) -> None:
        """Print the tables; raises SystemExit when a row is missing from the account."""
        if dataset.rows != self._rows or dataset.accepted != self._rows:
            raise SystemExit(f"{dataset.accepted} of {self._rows} rows were packed")
        print(f"\n{self._rows:,} rows x {LABELS} labels, images of about 1 kB; {_machine()}\n")
        print(f"| state | seconds | rows/s |\n|---|---:|---:|\n{self._line('(upload)', uploaded)}")
        entered = self._entered(run)
        whole = 0.0
        for (state, start), (_, end) in pairwise(entered):
            if state == AFTER:
                break
            whole += end - start
            if end - start >= _SHOWN:
                print(self._line(state, end - start))
        print(self._line("together", whole))
        ran = [name for name, _ in entered]
        names = ", ".join(ran[: ran.index(AFTER)])
        print(f"\nStates that ran: {names}; stopped at {AFTER}.")
        images = ", ".join(f"{side} {getattr(dataset, side):,}" for side in Side)
        print(f"Packed: {images} images;")
        sizes = ", ".join(f"{side} {getattr(dataset.bytes, side):,}" for side in Side)
        print(f"bytes: {sizes}.\n\n| processes | number | largest peak RSS, MiB |\n|---|---:|---:|")
        for kind, number, peak in memory.table():
            print(f"| {kind} | {number} | {peak / 1024:,.0f} |")
        print(f"| all at the same moment | | {memory.together / 1024:,.0f} |")

    def _line(self, name: str, seconds: float) -> str:
        return f"| {name} | {seconds:,.1f} | {self._rows / seconds:,.0f} |"


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
