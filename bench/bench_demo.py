"""What `tagline demo` takes: by phase, by state of its run, and CPU by kind of process.

`python bench/bench_demo.py` runs one on a port and in a folder of its own, with the options given,
and prints Markdown tables. What a run takes beside its tasks and maps is orchestration: waits,
choices, the machine.
"""

import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from process_memory import MemoryWatch

from tagline.cli.places import HOST, free_port
from tagline.cli.target import Target, laptop_target
from tagline.cli.watching import execution_arn

TAGLINE = Path(sys.executable).with_name("tagline")
_EVERY = 0.25  # seconds
_WORK = ("TaskStateEntered", "MapStateEntered")


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(prefix="tagline-demo-") as folder:
        port = free_port()
        command = [str(TAGLINE), "demo", "--json", "--keep", "--port", str(port), *sys.argv[1:]]
        with (
            Path(folder, "said").open("wb") as told,
            subprocess.Popen(
                [*command, "--folder", f"{folder}/demo"], stdout=subprocess.PIPE, stderr=told
            ) as demo,
        ):
            with MemoryWatch(demo.pid, root="tagline demo", every=_EVERY) as watch:
                summary = _summary(demo, Path(folder, "said"))
                target = laptop_target(f"http://{HOST}:{port}")
                events = _events(target, summary["run"])
            demo.send_signal(signal.SIGINT)
    print(f"Python {platform.python_version()}; load {os.getloadavg()[0]:.1f} on "
          f"{len(os.sched_getaffinity(0))} cores.")  # fmt: skip
    phases = summary["seconds"]
    _table("phase", "s", [*phases.items(), ("all", sum(phases.values()))])
    _table("state of the run", "s", _states(events))
    cpu = watch.cpu()
    _table("process", "CPU s", [*cpu, ("all", sum(spent for _, spent in cpu))])


def _summary(demo: "subprocess.Popen[bytes]", told: Path) -> dict[str, Any]:
    """Return what the demo prints; it stays up after that."""
    printed = b""
    for line in demo.stdout or ():
        printed += line
        if line.rstrip() == b"}":
            found: dict[str, Any] = msgspec.json.decode(printed)
            return found
    raise SystemExit(f"the demo failed: {told.read_text()[-2000:]}")


def _events(target: Target, run: str) -> list[Any]:
    pages = target.states.get_paginator("get_execution_history")
    arn = execution_arn(target, run)
    return [event for page in pages.paginate(executionArn=arn) for event in page["events"]]


def _states(events: list[Any]) -> list[tuple[str, float]]:
    """Return (state, seconds) of tasks and maps, then of all of them, the rest, and the run."""
    spent: dict[str, float] = defaultdict(float)
    name, entered = "", events[0]["timestamp"]
    for event in events:
        if event["type"] in _WORK:
            name, entered = event["stateEnteredEventDetails"]["name"], event["timestamp"]
        elif event["type"].endswith("StateExited") and name:
            spent[name] += _since(entered, event)
            name = ""
    run, work = _since(events[0]["timestamp"], events[-1]), sum(spent.values())
    return [*spent.items(), ("tasks and maps", work), ("orchestration", run - work), ("run", run)]


def _since(start: datetime, event: Any) -> float:
    seconds: float = (event["timestamp"] - start).total_seconds()
    return seconds


def _table(first: str, second: str, rows: list[tuple[str, float]]) -> None:
    print(f"\n| {first} | {second} |\n|---|---:|")
    for name, seconds in rows:
        print(f"| {name} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
