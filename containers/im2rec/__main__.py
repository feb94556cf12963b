"""`python -m im2rec pack | join`: the entry point of the packing tasks.

TAGLINE_BUCKET and TAGLINE_RUN say what to pack, and TAGLINE_SHARDS=<first>-<last> which part of it
where several tasks share the work; `join` makes one dataset of the parts. The S3 endpoint, region
and credentials are boto3's own business. On failure a sentence goes to stderr and to the run's
`failures/<State>.txt`, State being PackDataset, PackParts or JoinParts.
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

from im2rec.errors import PackFailed
from im2rec.join import join_run
from im2rec.pack import pack_run
from im2rec.parts import pack_part
from im2rec.store import RunStore
from tagline.layout import RunKeys
from tagline.machine import cores
from tagline.names import InvalidName

_USAGE = "usage: TAGLINE_BUCKET=<bucket> TAGLINE_RUN=<run> python -m im2rec pack | join"


def main(arguments: list[str]) -> int:
    """Pack the run that the environment names, or a part, or join parts; return the exit code."""
    bucket, run = os.environ.get("TAGLINE_BUCKET"), os.environ.get("TAGLINE_RUN")
    if arguments not in (["pack"], ["join"]) or not bucket or not run:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        keys = RunKeys(run)
    except InvalidName as exc:
        print(f"TAGLINE_RUN: {exc}", file=sys.stderr)
        return 2
    client = boto3.client("s3", config=Config(retries={"mode": "standard", "max_attempts": 8}))
    store = RunStore(client, bucket, keys)
    shards, workers = os.environ.get("TAGLINE_SHARDS"), cores()
    if arguments == ["join"]:
        return _do(store, "JoinParts", lambda folder: join_run(store, folder, sys.stdout))
    if shards:
        return _do(
            store,
            "PackParts",
            lambda folder: pack_part(store, shards, folder, workers, sys.stdout),
            f"Part {shards}: ",
        )
    return _do(store, "PackDataset", lambda folder: pack_run(store, folder, workers, sys.stdout))


def _do(store: RunStore, state: str, work: Callable[[Path], None], prefix: str = "") -> int:
    """Work in a folder of its own; leave the reason of a failure, named after the flow's state."""
    try:
        with tempfile.TemporaryDirectory(prefix="im2rec-") as folder:
            work(Path(folder))
    except PackFailed as exc:
        _leave(store, state, f"{prefix}{exc}")
        return 1
    except Exception as exc:
        traceback.print_exc()
        fault = f"{prefix}Packing stopped by a fault of its own: {type(exc).__name__}: {exc}"
        _leave(store, state, fault)
        raise SystemExit(1) from exc
    return 0


def _leave(store: RunStore, state: str, sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
    try:
        key = store.keys.of(f"failures/{state}.txt")
        store.write(key, sentence + "\n", "text/plain; charset=utf-8")
    except PackFailed as exc:
        print(f"The reason could not be left in the bucket: {exc}", file=sys.stderr, flush=True)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit("Packing was told to stop.")  # unwinds, so that workers and files go too


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
