"""How ONNX Runtime's threads and spinning bear on answers: the default network and a large one.

    .venv/bin/python bench/bench_runtime.py [--seconds 1.5] [--rounds 3] [--side 96]

Networks nobody trained, exported as the trainer exports, answer in the server's environment: one
image a request, one and several clients at a time, the variants taking turns in random order.
Prints medians of CPU ms a request, milliseconds until the answer, and requests a second.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LABELS = 50
NETWORKS = {"default": "small", "large": "resnet50_v1"}
EXPORT = """
from pathlib import Path
import numpy as np
from trainer.engine import current
from trainer.hyperparameters import parse
from trainer.labels import LabelCounts
network, side, labels, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
recipe = parse({"epochs": "1", "learning_rate": "1e-3", "num_classes": str(labels),
                "image_shape": f"3,{side},{side}"})
learner = current().build(network, recipe, LabelCounts.of(np.ones((2, labels))))
folder.mkdir(parents=True)
learner.export(folder, np.zeros((2, side, side, 3), np.uint8))
"""


def within(name: str, *arguments: str | Path, **environment: str) -> str:
    """Run a container's Python on this checkout; return what it printed."""
    done = subprocess.run(
        [ROOT / f".venvs/{name}/bin/python", *arguments],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}"} | environment,
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{name}: exit code {done.returncode}")
    return done.stdout


def main() -> None:
    """Export both networks, ask them, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=1.5, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=int, default=96)
    asked = parser.parse_args()
    print(f"{asked.side} pixels, load {os.getloadavg()[0]:.0f}\n")
    print("| network | threads | spinning | clients | CPU ms | p50 ms | p95 ms | requests/s |")
    print("|---|---:|---|---:|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for title, network in NETWORKS.items():
            target = Path(folder, title)
            within("trainer", "-c", EXPORT, network, str(asked.side), str(LABELS), target)
            told = within(
                "server", ROOT / "bench/runtime_variants.py", target / "model.onnx",
                str(asked.side), str(asked.seconds), str(asked.rounds),
            )  # fmt: skip
            for row in json.loads(told):
                threads = f"{row['threads']} | {'yes' if row['spinning'] else 'no'}"
                numbers = f"{row['cpu']:.2f} | {row['p50']:.2f} | {row['p95']:.2f}"
                print(f"| {title} | {threads} | {row['clients']} | {numbers} | {row['rate']:.0f} |",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
