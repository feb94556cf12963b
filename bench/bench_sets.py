"""Packing sets of several sizes by the commands that people type, beside MXNet's im2rec.py.

Both take turns on the same list, two workers each, start-up included; ratios are made within a
turn. `--sets 82:20000` is for a calm hour: kilobytes of a JPEG and number of images.
"""

import argparse
import os
import statistics
import sys
from pathlib import Path

from images import make_set
from measure import Run, run

ROOT = Path(__file__).resolve().parents[1]
_KINDS = {82: "jpg", 150: "fine-jpg"}
_SETS = ("82:50", "82:200", "82:3000", "150:2000")
_OPTIONS = ["--resize", "96", "--quality", "95", "--pack-label", "--num-thread", "2"]
Command = list[str | Path]


def commands(folder: Path, kind: str, images: int) -> tuple[Command, Command]:
    """Return im2rec.py's and Tagline's command; each has its own copy of the list."""
    drawn = make_set(folder / f"{kind}-{images}", kind, images)
    arguments: list[Command] = []
    for name in ("theirs", "ours"):
        prefix = folder / "sets" / f"{kind}-{images}-{name}"
        prefix.parent.mkdir(parents=True, exist_ok=True)
        prefix.with_suffix(".lst").write_bytes(drawn.with_suffix(".lst").read_bytes())
        arguments.append([*_OPTIONS, prefix, drawn.parent / "images"])
    theirs, ours = arguments
    return (
        [sys.executable, "-m", "mxnet.tools.im2rec", *theirs],
        [ROOT / ".venv/bin/tagline", "im2rec", *ours],
    )


def row(kilobytes: int, images: int, turns: list[tuple[Run, Run]]) -> str:
    """Return a set's row of the table."""
    wall = [theirs.wall / ours.wall for theirs, ours in turns]
    cpu = statistics.median(theirs.cpu / ours.cpu for theirs, ours in turns)
    best = statistics.median(images / ours.wall for _, ours in turns)
    ratio = f"{statistics.median(wall):.2f} ({min(wall):.2f} … {max(wall):.2f})"
    return f"| {images:,} x {kilobytes} kB | {best:,.0f} | {ratio} | {cpu:.2f} |"


def main() -> None:
    """Draw the sets where they are missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench")
    parser.add_argument("--sets", nargs="+", default=_SETS, metavar="KB:IMAGES")
    parser.add_argument("--turns", type=int, default=5)
    chosen = parser.parse_args()
    print(f"median of {chosen.turns} (least … most); load {os.getloadavg()[0]:.1f} "
          f"on {len(os.sched_getaffinity(0))} cores\n")  # fmt: skip
    print("| set | images/s | times im2rec.py | of its CPU time |\n|---|---:|---:|---:|")
    for kilobytes, images in (map(int, each.split(":")) for each in chosen.sets):
        theirs, ours = commands(chosen.folder, _KINDS[kilobytes], images)
        run(ours, {})  # from here on nothing is read from the disk
        turns = [(run(theirs, {}), run(ours, {})) for _ in range(chosen.turns)]
        print(row(kilobytes, images, turns), flush=True)


if __name__ == "__main__":
    main()
