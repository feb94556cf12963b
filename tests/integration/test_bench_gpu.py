"""The GPU benchmark, tried at tiny sizes on the CPU."""

import os
import subprocess

import pytest

from tests.integration.trainer_jobs import ROOT, interpreter

pytestmark = pytest.mark.slow


def test_the_gpu_benchmark_checks_itself() -> None:
    done = subprocess.run(
        [ROOT / "bench/bench_gpu.sh", "--self-check"],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env={
            "PATH": os.environ["PATH"],
            "PYTHON": str(interpreter("torch")),
            "OMP_NUM_THREADS": "1",
            "COMPILED": "0",
            "NETWORKS": "small",
        },
    )
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| small")]
    assert [row.count("%") for row in rows] == [2], rows
