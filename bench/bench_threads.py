"""How many threads the trainer should take: the same training with 1 and with all, alone and not.

    .venv/bin/python bench/bench_threads.py [--epochs 10] [--repeats 3]

Trains the tests' small set, enlarged to 96 pixels, through the container's own entry point. The
machine is busy where a process that only counts runs beside it for each physical core. Prints the
medians of wall and CPU seconds.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import measure  # noqa: E402 - found by the path above

from tagline.formats.machine import physical_cores  # noqa: E402
from tests.integration.trainer_jobs import training_job  # noqa: E402

TRAINER = ROOT / ".venvs/trainer/bin/python"
SPIN = "while True: pass"


@contextmanager
def company(processes: int) -> Iterator[None]:
    """Keep so many cores busy."""
    running = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def train(threads: int, epochs: int) -> measure.Run:
    """Train once and return what it took."""
    with tempfile.TemporaryDirectory() as folder:
        training_job(Path(folder), {"epochs": str(epochs), "mini_batch_size": "32"}, side=96)
        environment = {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
            "SAGEMAKER_BASE_DIR": folder,
            "OMP_NUM_THREADS": str(threads),
        }
        return measure.run([TRAINER, "-m", "trainer", "train"], environment)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    cores = physical_cores()
    print("| machine | threads | wall s | CPU s |\n|---|---|---|---|")
    for name, others in (("as it is", 0), (f"beside {cores} busy processes", cores)):
        for threads in sorted({1, cores}):
            with company(others):
                runs = [train(threads, asked.epochs) for _ in range(asked.repeats)]
            wall = statistics.median(run.wall for run in runs)
            cpu = statistics.median(run.cpu for run in runs)
            print(f"| {name} | {threads} | {wall:.1f} | {cpu:.1f} |", flush=True)


if __name__ == "__main__":
    main()
