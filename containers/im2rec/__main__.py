"""`python -m im2rec pack | join | plan`: the entry point of the packing tasks, and of a plan.

TAGLINE_BUCKET and TAGLINE_RUN say what to pack, and TAGLINE_SHARDS=<first>-<last> which part of it
where several tasks share the work; `join` makes one dataset of the parts. `plan` plans a run of a
list that no function holds: TAGLINE_INPUT is the state's input. The S3 endpoint, region
and credentials are boto3's own business. On failure a sentence goes to stderr and to the run's
`failures/<State>.txt`, State being PackDataset, PackParts, JoinParts or PlanInTask.
"""

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

import boto3
from botocore.config import Config

from im2rec.allocator import give_back_freed_memory
from im2rec.errors import PackFailed
from im2rec.run.join import join_run
from im2rec.run.pack import pack_run
from im2rec.run.parts import pack_part
from im2rec.run.task import Task
from tagline.aws.faults import FAULTS, Absent, TooLarge, address_of
from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument
from tagline.formats.keys import RunKeys
from tagline.formats.machine import cores
from tagline.formats.names import InvalidName
from tagline.formats.printable import printable, printable_lines

_USAGE = "usage: TAGLINE_BUCKET=<bucket> TAGLINE_RUN=<run> python -m im2rec pack | join | plan"


def main(arguments: list[str]) -> int:
    """Pack the run that the environment names, or a part, or join parts; return the exit code."""
    name, run = os.environ.get("TAGLINE_BUCKET"), os.environ.get("TAGLINE_RUN")
    if arguments not in (["pack"], ["join"], ["plan"]) or not name or not run:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        keys = RunKeys(run)
    except InvalidName as exc:
        print(printable(f"TAGLINE_RUN: {exc}"), file=sys.stderr)
        return 2
    client = boto3.client("s3", config=Config(retries={"mode": "standard", "max_attempts": 8}))
    bucket, shards = Bucket(client, name), os.environ.get("TAGLINE_SHARDS")
    if arguments == ["join"]:
        give_back_freed_memory()
        return _do(bucket, keys, "JoinParts", join_run)
    if arguments == ["plan"]:
        from im2rec.plan.task import plan_run  # noqa: PLC0415 - its engine, which no packing loads

        return _do(bucket, keys, "PlanInTask", lambda task: plan_run(keys, task.folder, task.log))
    if shards:
        return _do(
            bucket, keys, "PackParts", lambda task: pack_part(task, shards), f"Part {shards}: "
        )
    return _do(bucket, keys, "PackDataset", pack_run)


def _do(
    bucket: Bucket, keys: RunKeys, state: str, work: Callable[[Task], None], prefix: str = ""
) -> int:
    """Work in a folder of its own; leave the reason of a failure, named after the flow's state."""
    workers = cores()
    try:
        with tempfile.TemporaryDirectory(prefix="im2rec-") as folder:
            work(Task(bucket, keys, Path(folder), workers, sys.stdout))
    except (PackFailed, Absent, TooLarge, UnreadableDocument) as exc:
        _leave(bucket, keys, state, f"{prefix}{exc}")
        return 1
    except FAULTS as exc:
        _leave(bucket, keys, state, f"{prefix}S3 cannot be used at {address_of(exc)}: {exc}")
        return 1
    except Exception as exc:
        traceback.print_exc()
        fault = f"{prefix}The task stopped by a fault of its own: {type(exc).__name__}: {exc}"
        _leave(bucket, keys, state, fault)
        raise SystemExit(1) from exc
    return 0


def _leave(bucket: Bucket, keys: RunKeys, state: str, sentence: str) -> None:
    print(printable_lines(sentence), file=sys.stderr, flush=True)
    try:
        note = f"{sentence}\n".encode()
        bucket.put(keys.failure_note(state), note, "text/plain; charset=utf-8")
    except FAULTS as exc:
        print(f"The reason could not be left in the bucket: {exc}", file=sys.stderr, flush=True)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit("The task was told to stop.")  # unwinds, so that workers and files go too


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
