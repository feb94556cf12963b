"""Whether ONNX Runtime answers as the engines do, and how long one image takes each of them.

    bench_onnx.py [--images 200] [--threads 1 8] [--recipe fast]
    bench_onnx.py --model FOLDER --records test.rec

Trains the demo's designs by each engine that is at hand, or takes a model.tar.gz's unpacked folder.
Then MXNet, PyTorch and ONNX Runtime score all images of the side `test`, each engine with the
weights of either; fails where a score differs by more than an export may.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "containers")]

import bench_models  # noqa: E402 - found by the path above
import model_sets  # noqa: E402

from tagline.formats.recordio import RecordWriter, read_records  # noqa: E402

ALLOWED = 1e-4  # that of trainer.export
TITLES = {"mxnet": "MXNet", "torch": "PyTorch"}


def interpreter(engine: str) -> Path:
    """Return the Python of an engine's environment."""
    return ROOT / ".venvs" / bench_models.ENGINES[engine] / "bin/python"


def write_test_side(data: model_sets.PackedSet, target: Path) -> None:
    """Write the records of the side test, which the set keeps among those of validation."""
    wanted = set(data.test)
    with (data.folder / "val.rec").open("rb") as source, target.open("wb") as stream:
        writer = RecordWriter(stream)
        for number, payload in enumerate(read_records(source)):
            if number in wanted:
                writer.write(payload)


def answers(engine: str, model: Path, records: Path, threads: int, images: int) -> dict[str, Any]:
    """Return what `engine_answers.py` found."""
    program = ROOT / "bench/engine_answers.py"
    command: list[str | Path] = [interpreter(engine), program, model, records, str(images)]
    environment = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
        "TRAINER_ENGINE": engine,
        "OMP_NUM_THREADS": str(threads),
        "ORT_DISABLE_TELEMETRY": "1",
    }
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{engine}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def spread(milliseconds: list[float]) -> str:
    """Return the median and the 95th percentile."""
    ranks = statistics.quantiles(milliseconds, n=20)
    return f"{ranks[9]:.2f} | {ranks[18]:.2f}"


def compared(name: str, model: Path, records: Path, asked: argparse.Namespace) -> Iterator[float]:
    """Print a model's rows; yield the differences."""
    for engine, title in TITLES.items():
        if not interpreter(engine).exists():
            print(f"| {name} | {title}: not at hand |")
            continue
        for threads in asked.threads:
            found = answers(engine, model, records, threads, asked.images)
            print(
                f"| {name} | {title} | {threads} | {found['images']} | {found['difference']:.1e} | "
                f"{spread(found['engine'])} | {spread(found['onnx'])} |",
                flush=True,
            )
            yield found["difference"]


def processor() -> str:
    """Return the machine's CPU by name."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} cores of {found[1] if found else platform.machine()}"


def main() -> None:
    """Train where nothing is given, compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, help="an unpacked model.tar.gz; needs --records")
    parser.add_argument("--records", type=Path, help="a packed side's .rec of that model's labels")
    parser.add_argument("--images", type=int, default=200, help="that are asked alone")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--recipe", choices=bench_models.ROWS, default="fast")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench", help="packed sets")
    asked = parser.parse_args()
    if bool(asked.model) != bool(asked.records):
        parser.error("--model and --records go together")
    print(f"{processor()}, load {os.getloadavg()[0]:.0f}\n")
    print("| model of | engine | threads | images | apart | p50 ms | p95 | ONNX p50 ms | p95 |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    differences: list[float] = []
    if asked.model:
        differences += compared(asked.model.name, asked.model, asked.records, asked)
    else:
        data = model_sets.pack(
            model_sets.demo_designs(asked.folder / "designs-drawn"), asked.folder / "designs", 64
        )
        with tempfile.TemporaryDirectory() as scratch:
            records = Path(scratch, "test.rec")
            write_test_side(data, records)
            for engine, title in TITLES.items():
                if interpreter(engine).exists():
                    base = Path(scratch, engine)
                    bench_models.train(asked.recipe, data, 0, engine, base)
                    differences += compared(title, base / "model", records, asked)
    if max(differences) > ALLOWED:
        raise SystemExit(f"scores are {max(differences):.1e} apart; {ALLOWED:g} is allowed")


if __name__ == "__main__":
    main()
