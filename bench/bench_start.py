"""How long commands take to start, as a multiple of `python -c pass`.

`python bench/bench_start.py` prints a Markdown table. Each command and the empty program take
turns; ratios are made within a turn and their median is printed, of the clock's time and the CPU's.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

from measure import Run, run

from tagline.cli.commands import COMMANDS

TAGLINE = Path(sys.executable).with_name("tagline")
_EMPTY: list[str | Path] = [sys.executable, "-c", "pass"]
_ROWS = "".join(f"{row}\t0\t1\t{row}.png\n" for row in range(20))


def compare(command: list[str | Path], turns: int) -> list[tuple[Run, Run]]:
    """Return the times of the empty program and of a command, turn by turn."""
    run(command, {})  # from here on nothing is read from the disk
    return [(run(_EMPTY, {}), run(command, {})) for _ in range(turns)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    turns = parser.parse_args().turns
    print(f"Python {platform.python_version()}, median of {turns}; "
          f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores.\n")  # fmt: skip
    print("| command | times `python -c pass` | of CPU | least CPU ms |\n|---|---:|---:|---:|")
    with tempfile.NamedTemporaryFile("w", suffix=".lst") as listing:
        listing.write(_ROWS)
        listing.flush()
        helps = [["--help"], *([name, "--help"] for name in (*COMMANDS, "im2rec"))]
        for arguments in [*helps, ["check", listing.name]]:
            pairs = compare([TAGLINE, *arguments], turns)
            wall = statistics.median(ours.wall / empty.wall for empty, ours in pairs)
            cpu = statistics.median(ours.cpu / empty.cpu for empty, ours in pairs)
            spent = min(ours.cpu for _, ours in pairs) * 1000
            name = " ".join(["tagline", *arguments]).replace(listing.name, "LIST")
            print(f"| `{name}` | {wall:.1f} | {cpu:.1f} | {spent:.0f} |")


if __name__ == "__main__":
    main()
