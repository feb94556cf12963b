"""What the images hold: enough files to run, and the same decoder on both sides."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.trainer_jobs import interpreter

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


# every module of the container, and of what it takes from tagline but the clients of AWS
IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
        print(importlib.import_module(module.name).__file__)
"""


# what the other program of an image imports
_ELSEWHERE = {"trainer": {"imaging"}, "server": {"scores"}}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("image", "environment", "name", "others"),
    [
        ("im2rec", "im2rec", "im2rec", ""),
        ("server", "server", "server", ""),
        ("recommender", "recommender", "recommender", ""),
        ("trainer", "trainer", "trainer", "torch_engine"),
        ("trainer", "server", "server", ""),
        ("image-classification", "trainer", "trainer", "torch_engine"),
        ("trainer_torch", "trainer_torch", "trainer", "mxnet_engine"),
    ],
)
def test_the_copied_files_and_the_lock_are_enough(
    tmp_path: Path, image: str, environment: str, name: str, others: str
) -> None:
    if image == "trainer_torch":
        interpreter("torch")
    copy_program(ROOT / "containers" / image / "Dockerfile", tmp_path)
    if others:  # the package of the engine that this image does not hold
        shutil.rmtree(tmp_path / name / others)

    def python(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [ROOT / f".venvs/{environment}/bin/python", *arguments],
            check=False,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    done = python("-m", name, "unknown-command")
    assert done.returncode == 2, done.stderr
    assert "usage:" in done.stderr
    ours = [
        name,
        *(
            f"tagline.{path.name}"
            for path in (tmp_path / "tagline").iterdir()
            if path.is_dir()
            and path.name not in {"aws", "__pycache__"} | _ELSEWHERE.get(name, set())
        ),
    ]
    done = python("-c", IMPORT_ALL, *ours)
    assert done.returncode == 0, done.stderr
    assert all(line.startswith(str(tmp_path)) for line in done.stdout.splitlines())
    assert str(tmp_path / "tagline/formats/document.py") in done.stdout


def locked(name: str) -> dict[str, str]:
    """Return what a lock of PyTorch's image pins, without the build that it names."""
    text = (ROOT / "containers/trainer_torch" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^+\s]+)", text, re.MULTILINE))


def test_pytorchs_two_builds_are_one_image() -> None:
    """What is tested with the CPU build is what runs on a GPU: the other only adds CUDA's."""
    cpu, gpu = locked("cpu.txt"), locked("requirements.txt")
    assert cpu.items() <= gpu.items()
    assert all(re.match("nvidia-|cuda-|triton$", name) for name in gpu.keys() - cpu.keys())


def test_both_trainers_hold_the_same_program() -> None:
    programs = []
    for name in ("trainer", "trainer_torch"):
        text = (ROOT / "containers" / name / "Dockerfile").read_text(encoding="utf-8")
        program = text.partition("WORKDIR")[2]
        programs.append(re.findall(r"^(?:COPY|ENTRYPOINT) .*$", program, re.MULTILINE))
        assert "USER" not in re.findall(r"^[A-Z]+", text, re.MULTILINE)  # SageMaker's rule
        assert len(re.findall(r"^ARG BASE_IMAGE=", text, re.MULTILINE)) == 1
    assert programs[0] == programs[1]
    assert re.search(r"TRAINER_ENGINE=torch\b", text)


@pytest.mark.parametrize("package", ["numpy", "opencv-python-headless", "pillow"])
def test_packing_and_serving_lock_the_same_decoder(package: str) -> None:
    locks = [ROOT / f"containers/{name}/requirements.txt" for name in ("im2rec", "server")]
    locks.append(ROOT / "requirements/dev.txt")
    versions = {re.findall(rf"^{package}==(\S+)", p.read_text(), re.MULTILINE)[0] for p in locks}
    assert len(versions) == 1
