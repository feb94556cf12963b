"""List as many keys as an image list may name, as the plan does: time and memory by a key.

`python bench/bench_inventory.py [KEYS …]` asks a laptop cloud of its own for a bucket that stores
none of its objects (`scale_cloud.py`), with the client of the plan's function, for all of its keys
and for one in fifty of them. It prints a Markdown table; each row is a process of its own.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from botocore.config import Config
from scale_run import SOURCE, start_with_source
from scale_source import name, save_bases

from tagline.aws.s3 import Bucket
from tagline.aws.sessions import session, user_agent
from tagline.cli import cloud as clouds
from tagline.cli.places import LAPTOP_KEY, LAPTOP_SECRET, free_port
from tagline.planning.inventory import WORKERS, take_inventory

_EACH = (1, 50)  # one in as many keys is wanted


def main() -> int:
    """Run it and print the table, or be one of its processes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("keys", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--each", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.each:
        print(_row(options.keys[0], options.each))
        return 0
    print("| keys in the bucket | of them wanted | s | CPU s | CPU µs a key | MiB | LIST calls |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="tagline-inventory-") as folder:
        bases = Path(folder, "bases")
        save_bases(bases)
        start_with_source(max(options.keys), bases)
        with clouds.running_cloud(free_port(), Path(folder, "cloud"), fresh=True) as cloud:
            here = {
                "AWS_ACCESS_KEY_ID": LAPTOP_KEY,
                "AWS_SECRET_ACCESS_KEY": LAPTOP_SECRET,
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": cloud.endpoint,
            }
            for keys in options.keys:
                for each in _EACH:
                    command = [sys.executable, __file__, str(keys), f"--each={each}"]
                    done = subprocess.run(
                        command, env={**os.environ, **here}, stdout=subprocess.PIPE, check=True
                    )
                    print(done.stdout.decode(), end="", flush=True)
    return 0


def _row(keys: int, each: int) -> str:
    """Take the inventory, and return what it took as a row of the table."""
    config = Config(max_pool_connections=WORKERS, read_timeout=300, user_agent=user_agent())
    client = session().client("s3", config=config)
    calls = []
    client.meta.events.register("before-call.s3.ListObjectsV2", lambda **_: calls.append(1))
    wanted = [f"images/{name(row)}" for row in range(0, keys, each)]
    before, cpu, started = _mebibytes(), time.process_time(), time.monotonic()
    found = take_inventory(Bucket(client, SOURCE), "", wanted)
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    if len(found) != len(wanted):
        raise SystemExit(f"{len(found)} of {len(wanted)} keys were listed")
    return (
        f"| {keys:,} | {len(wanted):,} | {seconds:,.1f} | {cpu:,.1f} | {cpu / keys * 1e6:,.0f} "
        f"| {_mebibytes() - before:,.0f} | {len(calls):,} |"
    )


def _mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
