"""What the Dockerfile copies is all that the trainer imports."""

from pathlib import Path

import pytest

from tests.integration.test_container_files import copy_program
from tests.integration.trainer_jobs import ROOT, python, training_job


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The image's program folder, laid out by the Dockerfile's own COPY lines."""
    folder = tmp_path / "program"
    copy_program(ROOT / "containers/trainer/Dockerfile", folder)
    return folder


@pytest.mark.slow
def test_a_training_job_runs_on_what_was_copied(program: Path, tmp_path: Path) -> None:
    base = training_job(tmp_path / "ml", {"epochs": "1"})
    done = python(base, "-m", "trainer", "train", PYTHONPATH=str(program))
    assert done.returncode == 0, done.stderr
    assert (base / "model/model.onnx").is_file()


@pytest.mark.slow
def test_evaluation_finds_its_modules(program: Path, tmp_path: Path) -> None:
    done = python(tmp_path, "-m", "trainer", "evaluate", PYTHONPATH=str(program))
    assert done.returncode == 1
    assert done.stderr.startswith("input 'dataset' has no file dataset.json")
    assert (program / "trainer/report/report.css").is_file()
