"""Plan, fetch and pack many rows of 334 labels on the laptop cloud, with the real processes.

`python bench/bench_scale.py [ROWS …]` deploys the stack to a laptop cloud of its own, drops a list
of as many small images as each ROWS says, and stops each run once the packed dataset is complete.
The images are in a bucket that stores none of them (`scale_cloud.py`), or are uploaded first
(`--upload`).
With `--commit` another commit does the same, each size right before this one; with `--parts`
packing is shared by as many tasks at every size; `--parameter PlanInTaskAbove=0` plans in a
container. It prints Markdown tables (time by state, CPU time
and peak memory by kind of process; from three sizes on how each step grows), or all as `--json`.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from growth import growth_table

ROOT = Path(__file__).parents[1]
ROWS = 155_000
_SHOWN = 0.5  # seconds; Choice and Pass states take less
_Result = dict[str, Any]


def main() -> int:
    """Run it and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", type=int, nargs="*", default=[ROWS])
    parser.add_argument("--commit", help="another commit, to be measured beside this one")
    parser.add_argument("--upload", action="store_true", help="upload the images, and store them")
    parser.add_argument("--parts", type=int, help="packing tasks of each size")
    parser.add_argument(
        "--parameter", action="append", default=[], help="NAME=VALUE of the stack, of this commit's"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory(prefix="tagline-scale-") as folder:
        trees = [("this commit", ROOT)]
        if options.commit:
            trees.insert(0, (options.commit, _checked_out(options.commit, Path(folder, "tree"))))
        try:
            for rows in options.rows:
                for number, (label, tree) in enumerate(trees):
                    run = Path(folder, f"{rows}-{number}")
                    results.append(_measured(tree, label, rows, run, options))
                    if not options.json:
                        print(_tables(results[-1]), flush=True)
        finally:
            if options.commit:
                _git("worktree", "remove", "--force", str(trees[0][1]))
    if options.json:
        print(json.dumps(results, indent=1))
    elif len(results) > 1:
        print(_comparison(results))
    return 0


def _checked_out(commit: str, tree: Path) -> Path:
    """Make a work tree of a commit that has this one's environments, and return it."""
    _git("worktree", "add", "--detach", str(tree), commit)
    for name in (".venv", ".venvs"):
        (tree / name).symlink_to(ROOT / name)
    return tree


def _git(*arguments: str) -> None:
    subprocess.run(("git", *arguments), cwd=ROOT, check=True, capture_output=True)


def _measured(
    tree: Path, label: str, rows: int, folder: Path, options: argparse.Namespace
) -> _Result:
    """Return what a process that has the tagline of a tree measured."""
    folder.mkdir()
    script = ROOT / "bench" / "scale_run.py"
    command = [sys.executable, str(script), str(rows), str(folder)]
    if options.upload:
        command.append("--upload")
    if options.parts:
        command += ["--parts", str(options.parts)]
    if tree == ROOT:
        command += [f"--parameter={given}" for given in options.parameter]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    subprocess.run(command, cwd=tree, env=environment, check=True, stdout=sys.stderr)
    result: _Result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return {"commit": label, "rows": rows, "upload": options.upload, **result}


def _tables(result: _Result) -> str:
    rows = result["rows"]
    kind = "uploaded" if result["upload"] else "made as they are asked for"
    lines = [
        f"\n{result['commit']}: {rows:,} rows x {result['labels']} labels, {kind}; {_machine()}\n",
        "| state | seconds | rows/s |\n|---|---:|---:|",
    ]
    lines += [
        f"| {state} | {seconds:,.1f} | {rows / seconds:,.0f} |"
        for state, seconds in {**result["seconds"], "together": result["together"]}.items()
        if seconds >= _SHOWN
    ]
    lines.append(f"\nPacked: {result['packed']}.\n")
    lines.append("| processes | number | CPU s | largest peak RSS, MiB |\n|---|---:|---:|---:|")
    lines += [
        f"| {kind} | {one['number']} | {one['cpu']:,.1f} | {one['peak_kb'] / 1024:,.0f} |"
        for kind, one in result["processes"].items()
    ]
    cpu = sum(one["cpu"] for one in result["processes"].values())
    lines.append(f"| all, at the same moment | | {cpu:,.1f} | {result['peak_kb'] / 1024:,.0f} |")
    return "\n".join(lines)


def _comparison(results: list[_Result]) -> str:
    """Return the runs beside each other, and how seconds and memory grow with the rows."""
    lines = [
        "\n| commit | rows | seconds | CPU s | largest process, MiB | grows: CPU | memory |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    by_commit: dict[str, list[_Result]] = {}
    for result in results:
        by_commit.setdefault(result["commit"], []).append(result)
    for commit, own in by_commit.items():
        grown = [("", "")] + [(_exponent(*pair, _cpu), _exponent(*pair, _peak))
                              for pair in pairwise(own)]  # fmt: skip
        lines += [
            f"| {commit} | {one['rows']:,} | {one['together']:,.1f} | {_cpu(one):,.1f} | "
            f"{_peak(one) / 1024:,.0f} | {cpu} | {memory} |"
            for one, (cpu, memory) in zip(own, grown, strict=True)
        ]
    for commit, own in by_commit.items():
        if len(own) > 2:  # noqa: PLR2004 - a line through two says nothing of its own fit
            lines.append(f"\n{commit}: {growth_table(own)}")
    return "\n".join(lines)


def _cpu(result: _Result) -> float:
    return float(sum(one["cpu"] for one in result["processes"].values()))


def _peak(result: _Result) -> float:
    return float(max(one["peak_kb"] for one in result["processes"].values()))


def _exponent(first: _Result, second: _Result, of: Any) -> str:
    """Return the power of the number of rows by which something grew between two runs."""
    return f"n^{math.log(of(second) / of(first)) / math.log(second['rows'] / first['rows']):.2f}"


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return (
        f"{cores} cores, {platform.machine()}, Python {platform.python_version()}, load {load:.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
