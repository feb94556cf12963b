"""`make bench`: packing beside MXNet's im2rec.py and others, whole processes, two workers.

Runs in the benchmark's own environment, so that OpenCV is the same on both sides. The contenders
take turns round by round; ratios are made within a round and their median is printed.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from images import make_set
from measure import Run, peak_memory, run
from quality import ground, psnr

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
OURS, THEIRS = "tagline", "im2rec.py"
_PACKAGES = (
    "mxnet", "numpy", "opencv-python-headless", "pillow", "pyspng", "pyvips", "simplejpeg"
)  # fmt: skip
_STEPS = ("resample", "encode")
_WARM_UP = 600  # images; the memory is the same for more
_ENVIRONMENT = {
    "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
    "PYTHONDONTWRITEBYTECODE": "",  # the warm-up compiles, so that nobody's start is slowed
    "VIPS_CONCURRENCY": "1",
}
_OPTIONS = ["--resize", "96", "--quality", "95", "--pack-label", "--num-thread", "2"]
Command = list[str | Path]


def commands(prefix: Path, out: Path, kind: str, rows: int) -> dict[str, Command]:
    """Return the command of each contender; each packs its own `<out>/<name>/set.lst`."""
    images = prefix.parent / "images"
    out.mkdir(parents=True, exist_ok=True)
    names = [THEIRS, OURS]
    if kind == "jpg":
        names += ["opencv", "opencv-reduced", "pillow-draft", "simplejpeg", "pyvips"]
    found: dict[str, Command] = {}
    for name in names:
        listing = out / name / "set.lst"
        listing.parent.mkdir(exist_ok=True)
        whole = prefix.with_suffix(".lst").read_text().splitlines(keepends=True)
        listing.write_text("".join(whole[:rows]))
        tool = {OURS: ["im2rec.files"], THEIRS: ["mxnet.tools.im2rec"]}.get(name)
        if tool:
            found[name] = [PYTHON, "-m", *tool, *_OPTIONS, listing.with_suffix(""), images]
        else:
            program = ROOT / "bench/contenders.py"
            found[name] = [PYTHON, program, name, listing, images, listing.with_suffix("")]
    return found


def compare(contenders: dict[str, Command], rounds: int) -> list[dict[str, Run]]:
    """Return the times of each round, in which the contenders take turns."""
    times: list[dict[str, Run]] = []
    for number in range(1, rounds + 1):
        times.append({})
        for name, command in contenders.items():
            times[-1][name] = done = run(command, _ENVIRONMENT)
            print(f"{number}/{rounds} {name}: {done.wall:.2f} s", file=sys.stderr)
    return times


def table(
    images: int,
    out: Path,
    memory: dict[str, float],
    times: list[dict[str, Run]],
    originals: Path | None,
) -> str:
    """Return the Markdown table of one image set."""
    lines = [
        "| | images/s | times im2rec.py | CPU ms an image | peak MB | PSNR dB |",
        "|---|---|---|---|---|---|",
    ]
    for name, peak in memory.items():
        rate = statistics.median(images / turn[name].wall for turn in times)
        ratio = statistics.median(turn[THEIRS].wall / turn[name].wall for turn in times)
        cpu = statistics.median(turn[name].cpu for turn in times) / images * 1000
        quality = f"{psnr(out / name / 'set.rec', originals):.2f}" if originals else "-"
        bold = "**" if name == OURS else ""
        cells = (f"{bold}{name}{bold}", f"{rate:,.0f}", f"{bold}{ratio:.2f}{bold}", f"{cpu:.2f}")
        lines.append("| " + " | ".join((*cells, f"{peak:.0f}", quality)) + " |")
    return "\n".join(lines)


def breakdown(prefix: Path) -> str:
    """Return the table of steps, and how near the whole is to entropy decoding alone."""
    done = subprocess.run(
        [PYTHON, ROOT / "bench/breakdown.py", prefix, prefix.parent / "images"],
        env=_ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    steps = {name: float(ms) for name, ms in (row.split("\t") for row in done.stdout.splitlines())}
    whole, floor = steps["all of it"], steps["entropy decoding alone"]
    library = steps["decode, scaled"] + sum(steps[step] for step in _STEPS)
    lines = ["| step | ms an image | share |", "|---|---|---|"]
    lines += [f"| {name} | {ms:.3f} | {ms / whole:.0%} |" for name, ms in steps.items()]
    lines.append("")
    lines.append(
        f"{library / whole:.0%} of a worker's time is the libraries' decoding, resampling and "
        "encoding; "
        f"its speed is {floor / whole:.0%} of entropy decoding alone."
    )
    return "\n".join(lines)


def main() -> None:
    """Draw the sets where they are missing, let the contenders run, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench")
    parser.add_argument("--jpegs", type=int, default=3000)
    parser.add_argument("--pngs", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, "
          f"{_cores()}, CPython {platform.python_version()}, "
          + ", ".join(f"{name} {version(name)}" for name in _PACKAGES))  # fmt: skip
    for kind, count, title in (
        ("jpg", chosen.jpegs, "JPEGs"), ("png", chosen.pngs, "transparent PNGs of 512 px"),
    ):  # fmt: skip
        prefix = make_set(chosen.folder / kind, kind, count)
        originals = prefix.parent / "images"
        size = sum(path.stat().st_size for path in originals.iterdir()) / count / 1000
        print(f"\n{count:,} {title}, {size:.0f} kB each, to 96 px, quality 95, 50 labels\n")
        out = chosen.folder / "out" / kind
        warm = commands(prefix, out / "memory", kind, _WARM_UP)
        memory = {name: peak_memory(command, _ENVIRONMENT) for name, command in warm.items()}
        times = compare(commands(prefix, out, kind, count), chosen.rounds)
        print(table(count, out, memory, times, originals if kind == "jpg" else None), flush=True)
        if kind == "jpg":
            print(f"\n{breakdown(prefix)}", flush=True)
        else:
            colours = [f"{name} {ground(out / name / 'set.rec')}" for name in (THEIRS, OURS)]
            print(f"\nThe transparent ground became {', '.join(colours)}.")


def _cores() -> str:
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.processor())  # fmt: skip

    return f"{len(os.sched_getaffinity(0))} cores of {model}"


if __name__ == "__main__":
    main()
