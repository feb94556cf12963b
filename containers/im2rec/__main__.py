"""`python -m im2rec pack`: the entry point of the packing task.

TAGLINE_BUCKET and TAGLINE_RUN say what to pack; the S3 endpoint, region and credentials are boto3's
own business. On failure a sentence goes to stderr and to the run's `failures/PackDataset.txt`.
"""

import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

import boto3
from botocore.config import Config

from im2rec.errors import PackFailed
from im2rec.pack import pack_run
from im2rec.store import RunStore
from tagline.layout import RunKeys
from tagline.names import InvalidName

_USAGE = "usage: TAGLINE_BUCKET=<bucket> TAGLINE_RUN=<run> python -m im2rec pack"
_FAILURE = "failures/PackDataset.txt"


def main(arguments: list[str]) -> int:
    """Pack the run that the environment names; return the exit code."""
    bucket, run = os.environ.get("TAGLINE_BUCKET"), os.environ.get("TAGLINE_RUN")
    if arguments != ["pack"] or not bucket or not run:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        keys = RunKeys(run)
    except InvalidName as exc:
        print(f"TAGLINE_RUN: {exc}", file=sys.stderr)
        return 2
    client = boto3.client("s3", config=Config(retries={"mode": "standard", "max_attempts": 8}))
    return _pack(RunStore(client, bucket, keys))


def _pack(store: RunStore) -> int:
    workers = len(os.sched_getaffinity(0))
    try:
        with tempfile.TemporaryDirectory(prefix="im2rec-") as folder:
            pack_run(store, Path(folder), workers, sys.stdout)
    except PackFailed as exc:
        _leave(store, str(exc))
        return 1
    except Exception as exc:
        traceback.print_exc()
        _leave(store, f"Packing stopped by a fault of its own: {type(exc).__name__}: {exc}")
        raise SystemExit(1) from exc
    return 0


def _leave(store: RunStore, sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
    try:
        store.write(store.keys.of(_FAILURE), sentence + "\n", "text/plain; charset=utf-8")
    except PackFailed as exc:
        print(f"The reason could not be left in the bucket: {exc}", file=sys.stderr, flush=True)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit("Packing was told to stop.")  # unwinds, so that workers and files go too


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
