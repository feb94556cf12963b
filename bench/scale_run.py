"""One run of `bench_scale.py`, of whichever commit's tagline is on the path.

`python bench/scale_run.py ROWS FOLDER [--upload] [--parts N]` leaves FOLDER/result.json.
"""

import argparse
import json
import math
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from botocore.config import Config
from process_memory import MemoryWatch
from scale_source import LABELS, images, save_bases, write_list

from tagline.aws.s3 import Bucket
from tagline.cli import cloud as clouds
from tagline.cli.environments import ROOT
from tagline.cli.places import free_port
from tagline.cli.uploading import upload_images
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import run_name
from tagline.formats.outcomes import Status
from tagline.formats.packed import PackedDataset
from tagline.formats.rows import Side
from tagline.planning.sharding import MAX_SHARD_ROWS

DATASET = "scale"
AFTER = "PlanTraining"  # the first state that is not measured
SOURCE = "scale-source"  # the bucket of scale_cloud.py
_ENDS = {"FAILED", "ABORTED", "TIMED_OUT"}
_HOURS_AT_MOST = 3


def main() -> int:
    """Run it, and write what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--upload", action="store_true")
    parser.add_argument("--parts", type=int)
    parser.add_argument("--parameter", action="append", default=[])
    options = parser.parse_args()
    folder, rows = options.folder, options.rows
    sources: tuple[str, ...] = ()
    if not options.upload:
        save_bases(folder / "bases")
        start_with_source(rows, folder / "bases")
        sources = (SOURCE,)
    parameters = dict(given.split("=", 1) for given in options.parameter)
    if options.parts:
        shards = math.ceil(rows / MAX_SHARD_ROWS)
        parameters["PackShardsPerTask"] = str(math.ceil(shards / options.parts))
    with clouds.running_cloud(
        free_port(), folder / "cloud", fresh=True, source_buckets=sources, parameters=parameters
    ) as cloud:
        run = Run(cloud, rows, upload=options.upload)
        with MemoryWatch(cloud.process.pid) as memory:
            uploaded = run.upload(folder / "images") if options.upload else None
            run.drop(folder / "all.lst")
            dataset = run.follow()
        result = run.result(dataset, uploaded, memory)
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return 0


def start_with_source(rows: int, bases: Path) -> None:
    """Have clouds be started by scale_cloud.py instead of `-m local`."""
    script = Path(__file__).with_name("scale_cloud.py")

    class Started(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **options: Any) -> None:
            if command[1:3] == ["-m", "local"]:
                command = [command[0], str(script), str(rows), str(bases), *command[3:]]
                options["env"] = {**options["env"], "PYTHONPATH": str(ROOT)}
            super().__init__(command, **options)

    vars(subprocess)["Popen"] = Started


class Run:
    """One run on a laptop cloud."""

    def __init__(self, cloud: clouds.RunningCloud, rows: int, *, upload: bool) -> None:
        self._cloud = cloud
        self._rows = rows
        self._bucket = cloud.target.outputs.bucket
        self._s3 = self._client("s3")
        self._data = Bucket(self._s3, self._bucket)
        self._states = self._client("stepfunctions")
        self._machine = cloud.target.outputs.state_machine
        self._settings: dict[str, Any] = {"image": {"size": 96}}
        if not upload:
            self._settings["source"] = f"s3://{SOURCE}/"
        self._run = ""

    def _client(self, service: str) -> Any:
        session: Any = self._cloud.target.session
        return session.client(
            service,
            endpoint_url=self._cloud.endpoint,
            config=Config(read_timeout=300),
        )

    def upload(self, folder: Path) -> float:
        """Upload the images as `tagline drop --images` does; return the seconds it took."""
        folder.mkdir()
        files: dict[str, Path] = {}
        for name, data in images(self._rows):
            files[f"images/{name}"] = folder / name
            (folder / name).write_bytes(data)
        started = time.monotonic()
        upload_images(self._cloud.target, DATASET, files)
        return time.monotonic() - started

    def drop(self, path: Path) -> None:
        """Write and drop the list."""
        keys = DatasetKeys(DATASET)
        settings = json.dumps(self._settings).encode()
        self._s3.put_object(Bucket=self._bucket, Key=keys.settings, Body=settings)
        write_list(path, self._rows)
        key = f"{keys.lists}all.lst"
        with path.open("rb") as body:
            answer = self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        self._run = run_name(self._bucket, key, answer["VersionId"], answer["ETag"])

    def follow(self) -> PackedDataset:
        """Wait until the run has come past the packing, stop it, and return its dataset.json."""
        deadline = time.monotonic() + _HOURS_AT_MOST * 3600
        while time.monotonic() < deadline:
            try:
                told = self._states.describe_execution(executionArn=self._arn)
            except self._states.exceptions.ExecutionDoesNotExist:
                status = "not started"
            else:
                status = told["status"]
                if AFTER in dict(self._entered()):
                    self._states.stop_execution(executionArn=self._arn, cause="measured")
                    return self._data.read(RunKeys(self._run).packed_dataset, PackedDataset)
                if status in _ENDS:
                    found = self._data.get(RunKeys(self._run).status, Status)
                    reason = found.reason if found else f"{told.get('error')}: {told.get('cause')}"
                    raise SystemExit(f"{self._run} ended as {status}: {reason}")
            time.sleep(0.5)
        raise SystemExit(f"{self._run} was still {status} after {_HOURS_AT_MOST} hours")

    @property
    def _arn(self) -> str:
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{self._run}"

    def _entered(self) -> list[tuple[str, float]]:
        """Return the states entered and when, in seconds, in order."""
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=self._arn, includeExecutionData=False
        )
        return [
            (event["stateEnteredEventDetails"]["name"], event["timestamp"].timestamp())
            for page in pages
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]

    def result(
        self, dataset: PackedDataset, uploaded: float | None, memory: MemoryWatch
    ) -> dict[str, Any]:
        """Return what was measured; raises SystemExit when a row is missing from the account."""
        if dataset.rows != self._rows or dataset.accepted != self._rows:
            raise SystemExit(f"{dataset.accepted} of {self._rows} rows were packed")
        seconds = {} if uploaded is None else {"(upload)": uploaded}
        whole = 0.0
        for (state, start), (_, end) in pairwise(self._entered()):
            if state == AFTER:
                break
            whole += end - start
            seconds[state] = seconds.get(state, 0.0) + end - start
        cpu = dict(memory.cpu())
        return {
            "labels": LABELS,
            "seconds": seconds,
            "together": whole,
            "packed": ", ".join(
                f"{side} {getattr(dataset, side):,} images, {getattr(dataset.bytes, side):,} bytes"
                for side in Side
            ),
            "processes": {
                kind: {"number": number, "cpu": cpu.get(kind, 0.0), "peak_kb": peak}
                for kind, number, peak in memory.table()
            },
            "peak_kb": memory.together,
        }


if __name__ == "__main__":
    sys.exit(main())
