"""What the images hold: enough files to run, and the same decoder on both sides."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def copy_program(dockerfile: Path, image: Path) -> None:
    """Do what the Dockerfile's COPY lines after WORKDIR do, into the folder `image`."""
    program = dockerfile.read_text(encoding="utf-8").partition("WORKDIR")[2]
    copies = re.findall(r"^COPY (.*)$", program.replace("\\\n", " "), re.MULTILINE)
    assert copies
    for copy in copies:
        *sources, target = shlex.split(copy)
        for source in sources:
            destination = image / target
            if (ROOT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, destination, ignore=ignored)
            else:
                destination.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, destination)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "says"), [("im2rec", "usage:"), ("server", "usage:")])
def test_the_copied_files_are_enough_to_start(tmp_path: Path, name: str, says: str) -> None:
    copy_program(ROOT / "containers" / name / "Dockerfile", tmp_path)
    done = subprocess.run(
        [ROOT / f".venvs/{name}/bin/python", "-m", name, "unknown-command"],
        check=False,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, done.stderr
    assert says in done.stderr


@pytest.mark.parametrize("package", ["numpy", "opencv-python-headless", "pillow"])
def test_packing_and_serving_lock_the_same_decoder(package: str) -> None:
    locks = [ROOT / f"containers/{name}/requirements.txt" for name in ("im2rec", "server")]
    locks.append(ROOT / "requirements/dev.txt")
    versions = {re.findall(rf"^{package}==(\S+)", p.read_text(), re.MULTILINE)[0] for p in locks}
    assert len(versions) == 1
