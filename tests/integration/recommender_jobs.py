"""The recommender's commands run as SageMaker would run them, on ratings of a few users."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

from tests.measured import measured
from tests.unit.recommender_world import Row, ratings, write_channels

ROOT = Path(__file__).parents[2]
RUN, CHAMPION_RUN = "tiny-0123456789abcdef", "tiny-fedcba9876543210"


def training_job(base: Path, rows: list[Row] | None = None, **asked: str) -> Path:
    """Lay a training job out under `base`, as the service does."""
    write_channels(base / "input/data", rows)
    config = base / "input/config"
    config.mkdir(parents=True)
    hyperparameters = {"run": RUN, "epochs": "6", "mini_batch_size": "16", **asked}
    (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    return base


def processing_job(base: Path, challenger: Path, champion: Path | None = None) -> Path:
    """Lay an evaluation out under `base`, of models in the folders of training jobs."""
    write_channels(base / "processing/input", ratings())
    for name, job in (("challenger", challenger), ("champion", champion)):
        if job:
            folder = base / "processing/input" / name
            folder.mkdir(parents=True)
            with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
                tar.add(job / "model", ".")
    return base


def command(*arguments: str) -> list[str]:
    return [str(ROOT / ".venvs/recommender/bin/python"), "-m", "recommender", *arguments]


def environment(base: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
        "SAGEMAKER_BASE_DIR": str(base),
        "OMP_NUM_THREADS": "1",
        **measured(),
        **more,
    }


def run(name: str, base: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run the container's entry point in its own environment, with `base` for /opt/ml."""
    return subprocess.run(
        command(name),
        check=False,
        env=environment(base, **more),
        capture_output=True,
        text=True,
        timeout=300,
    )
