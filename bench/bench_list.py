"""How fast a list is read, against a plain csv + float loop, and in how much memory.

`python bench/bench_list.py` prints a Markdown table. Both readers go through the same file in turn,
five times each; the ratio is the median of the five. The memory is that of a process of its own
that does nothing but read a list of 1,000,000 rows.
"""

import csv
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tagline.listing.list_file import read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list

LABELS = 334
ROWS = 20_000
LARGE_ROWS = 1_000_000
REPEATS = 5
_SHARE = 0.02  # of labels that are 1
_PATTERNS = 200  # label columns that the rows take turns with
_FORMS = {"`0`, `1`": ("0", "1"), "`0.000000`, `1.000000`": ("0.000000", "1.000000")}


def write_list(path: Path, rows: int, zero: str, one: str) -> None:
    """Write a list of `rows` rows of 334 labels; the same bytes each time."""
    chance = random.Random(0)  # noqa: S311 - no secret
    patterns = [
        "\t".join(one if chance.random() < _SHARE else zero for _ in range(LABELS))
        for _ in range(_PATTERNS)
    ]
    with path.open("w", encoding="ascii") as stream:
        for row in range(rows):
            stream.write(f"{row}\t{patterns[row % _PATTERNS]}\timages/{row:07d}.png\n")


def read_plainly(path: Path) -> int:
    """Read a list as scripts do: csv, and float for every label; return its rows."""
    rows = 0
    with path.open(newline="", encoding="utf-8") as stream:
        for fields in csv.reader(stream, delimiter="\t"):
            int(fields[0]), [float(field) for field in fields[1:-1]]
            rows += 1
    return rows


def read_fully(path: Path) -> int:
    """Read a list as PlanDataset does, every check included; return the rows it accepts."""
    source = Source.of_dataset("bench", "data", None, ())
    with path.open("rb") as stream:
        found = read_rows(stream, survey_list(stream), source)
        return sum(isinstance(row, Row) for row in found)


def seconds(read: Callable[[Path], int], path: Path, rows: int) -> float:
    """Return how long `read` takes for the list of `rows` rows."""
    begin = time.perf_counter()
    found = read(path)
    if found != rows:
        raise AssertionError(f"{read.__name__} found {found} of {rows} rows")
    return time.perf_counter() - begin


def main() -> None:
    """Print the table."""
    print(f"Python {platform.python_version()}, {LABELS} labels, median of {REPEATS}.\n")
    print("| list | csv + float | tagline | ratio |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="bench-list-") as folder:
        path = Path(folder) / "bench.lst"
        for name, (zero, one) in _FORMS.items():
            write_list(path, ROWS, zero, one)
            pairs = [
                (seconds(read_plainly, path, ROWS), seconds(read_fully, path, ROWS))
                for _ in range(REPEATS)
            ]
            plain, ours = (ROWS / statistics.median(times) for times in zip(*pairs, strict=True))
            ratio = statistics.median(a / b for a, b in pairs)
            print(f"| {name} | {plain:,.0f} rows/s | {ours:,.0f} rows/s | {ratio:.1f} |")
        write_list(path, LARGE_ROWS, "0", "1")
        told = subprocess.run(
            [sys.executable, __file__, str(path)], check=True, capture_output=True, text=True
        )
    print(f"\n{told.stdout.strip()}")


def measure(path: Path) -> None:
    """Read a large list and tell the time and this process's peak memory."""
    taken = seconds(read_fully, path, LARGE_ROWS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{LARGE_ROWS:,} rows: {taken:.1f} s, {peak:.0f} MiB of memory at most (RSS).")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        main()
