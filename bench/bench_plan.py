"""Planning alone: time, CPU and peak memory of PlanDataset in memory and of PlanInTask.

`python bench/bench_plan.py ROWS … --labels 50 --in task function` plans lists of so many rows, each
in a process of its own, and prints a table, how CPU and memory grow, and a digest of all that was
written, which is the same in both. The images exist nowhere (plan_source.py); a list's rows have
one of 2,000 combinations of labels, a hundredth of them 1.
"""

import argparse
import json
import math
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from plan_source import DATA, SOURCE, PlanSource, key_of

_RUN = f"plan-{0:016x}"
_LIST = "plan/lists/all.lst"
_PATTERNS = 2000
_SHARE = 0.01


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", type=int, nargs="+")
    parser.add_argument("--labels", type=int, default=50)
    parser.add_argument("--in", dest="places", nargs="+", choices=["task", "function"],
                        default=["task", "function"])  # fmt: skip
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_plan(options.rows[0], options.one, options.places[0])))
        return 0
    results = []
    with tempfile.TemporaryDirectory(prefix="tagline-plan-") as folder:
        for rows in options.rows:
            path = Path(folder, "all.lst")
            write_list(path, rows, options.labels)
            for place in options.places:
                command = [sys.executable, __file__, str(rows), "--one", str(path), "--in", place]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
                results.append({"rows": rows, "labels": options.labels, "in": place,
                                **json.loads(done.stdout)})  # fmt: skip
                print(results[-1], file=sys.stderr, flush=True)
    print(_table(results))
    return 0


def write_list(path: Path, rows: int, labels: int) -> None:
    """Write a list; the same bytes each time."""
    chance = random.Random(0)  # noqa: S311 - no secret
    patterns = [
        "\t".join("1" if chance.random() < _SHARE else "0" for _ in range(labels))
        for _ in range(_PATTERNS)
    ]
    with path.open("w", encoding="ascii") as stream:
        for row in range(rows):
            stream.write(f"{row}\t{patterns[chance.randrange(_PATTERNS)]}\t{key_of(row)}\n")


def _plan(rows: int, path: Path, place: str) -> dict[str, Any]:
    """Plan a list in this process."""
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "containers")]
    from tagline.formats.plan import DroppedList  # noqa: PLC0415 - the measured process's alone
    from tagline.formats.steps import RunInput  # noqa: PLC0415
    from tagline.planning.held import Held  # noqa: PLC0415
    from tagline.planning.plan import plan_dataset  # noqa: PLC0415

    source = PlanSource(rows, _LIST, path)
    source.put("plan/dataset.yaml", f"source: s3://{SOURCE}/\n".encode())
    event = RunInput(
        bucket=DATA,
        dataset="plan",
        run=_RUN,
        list=DroppedList(key=_LIST, etag="0"),
        started="2026-11-27T00:00:00Z",
    )
    started, cpu = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        if place == "task":
            from im2rec.plan.store import Stored  # noqa: PLC0415

            tempfile.tempdir = folder
            answer = plan_dataset(event, source.client(), [SOURCE], Stored(Path(folder)))
            disk = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        else:
            answer = plan_dataset(event, source.client(), [SOURCE], Held())
            disk = 0
    tempfile.tempdir = None
    if answer.accepted != rows:
        raise SystemExit(f"{answer.accepted:,} of {rows:,} rows were accepted")
    return {
        "seconds": round(time.monotonic() - started, 1),
        "cpu": round(time.process_time() - cpu, 1),
        "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "disk": disk,
        "shards": answer.shards,
        "validation": answer.validation,
        "requests": source.requests,
        "written": source.digest(),
    }


def _table(results: list[dict[str, Any]]) -> str:
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    lines = [
        f"{cores} cores, {platform.machine()}, Python {platform.python_version()}, load {load:.0f}",
        "",
        "| planned in | rows | labels | s | CPU s | peak MiB | grows: CPU | memory | written |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for place in dict.fromkeys(result["in"] for result in results):
        own = [result for result in results if result["in"] == place]
        for before, one in zip([None, *own], own, strict=False):
            grown = ["", ""] if before is None else [_power(before, one, it) for it in _GROW]
            lines.append(
                f"| {place} | {one['rows']:,} | {one['labels']} | {one['seconds']:,.0f} | "
                f"{one['cpu']:,.0f} | {one['peak_kb'] / 1024:,.0f} | {grown[0]} | {grown[1]} | "
                f"{one['written']} |"
            )
    return "\n".join(lines)


_GROW = ("cpu", "peak_kb")


def _power(before: dict[str, Any], one: dict[str, Any], what: str) -> str:
    rise = math.log(one[what] / before[what]) / math.log(one["rows"] / before["rows"])
    return f"n^{rise:.2f}"


if __name__ == "__main__":
    sys.exit(main())
