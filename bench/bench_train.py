"""The real training job against a bare loop on data in memory, for both engines.

    .venv/bin/python bench/bench_train.py [--epochs 5] [--images 1024]

One thread. By CPU time, which a busy machine disturbs less than the clock, the job should reach
95 % of the bare step, and less than 5 % of an epoch should be waiting for data.
"""

import argparse
import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = {"mxnet": "trainer", "torch": "trainer_torch"}


def measure(engine: str, epochs: int, images: int) -> dict[str, Any] | None:
    """Return what bench_job.py says of an engine; None where its environment is not there."""
    python = ROOT / ".venvs" / ENVIRONMENTS[engine] / "bin/python"
    if not python.exists():
        return None
    environment = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
        "TRAINER_ENGINE": engine,
        "OMP_NUM_THREADS": "1",
    }
    sizes = ["--epochs", str(epochs), "--images", str(images)]
    done = subprocess.run(
        [python, ROOT / "bench/bench_job.py", *sizes],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{engine}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--images", type=int, default=1024)
    asked = parser.parse_args()
    print("| engine | job, images/CPU-s | bare step | share | waiting for data |")
    print("|---|---|---|---|---|")
    for engine in ENVIRONMENTS:
        found = measure(engine, asked.epochs, asked.images)
        if found is None:
            print(f"| {engine} | skipped: no CPU build of PyTorch | | | |")
            continue
        print(
            f"| {engine} | {found['job_cpu']:.0f} | {found['bare_cpu']:.0f} | "
            f"{found['share_cpu']:.1%} | {found['waiting']:.1%} |"
        )


if __name__ == "__main__":
    main()
