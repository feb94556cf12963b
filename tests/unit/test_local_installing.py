"""A job's packages: its own, on top of the image's, and gone with it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local.images import LocalCommand
from local.installing import CannotInstall, with_own_packages


def wheel(folder: Path, name: str, text: str) -> None:
    """Write a wheel of one module."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as file:
        info = f"{name}-1.0.dist-info"
        file.writestr(f"{name}.py", text)
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")


@pytest.fixture
def environment() -> Path:
    """An environment with pip: the one that tests run in."""
    return Path(sys.prefix)


def run(command: LocalCommand, *arguments: str) -> str:
    """Run a command's Python."""
    return subprocess.run(
        [command.argv[0], *arguments],
        env={**command.env, "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_what_a_job_installs_is_its_own(environment: Path, tmp_path: Path) -> None:
    command = LocalCommand([str(environment / "bin/python"), "-m", "that"], {"A": "b"}, tmp_path)
    own = with_own_packages(command, tmp_path / "own")
    assert own.argv == [str(tmp_path / "own/bin/python"), "-m", "that"]
    assert own.env["A"] == "b"
    wheel(tmp_path / "wheels", "salute", "WORD = 'hello'\n")
    # what the image has is not fetched again: the index would be asked
    wanted = ("--no-index", "--find-links", str(tmp_path / "wheels"), "salute", "msgspec")
    run(own, "-m", "pip", "install", "--quiet", *wanted)
    says = "import salute, msgspec; print(salute.WORD, salute.__file__, msgspec.__file__)"
    word, mine, image = run(own, "-c", says).split()
    assert (word, Path(mine).is_relative_to(tmp_path)) == ("hello", True)
    assert Path(image).is_relative_to(environment)
    assert not list(environment.glob("lib/*/site-packages/salute*"))


def test_a_program_of_the_environment_runs_in_the_jobs_own(
    environment: Path, tmp_path: Path
) -> None:
    command = LocalCommand([str(environment / "bin/pip"), "list"], {}, tmp_path)
    own = with_own_packages(command, tmp_path / "own")
    assert own.argv == [str(tmp_path / "own/bin/python"), str(environment / "bin/pip"), "list"]


def test_an_environment_without_pip_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "image/lib/python3.11/site-packages").mkdir(parents=True)
    command = LocalCommand([str(tmp_path / "image/bin/python")], {}, tmp_path)
    assert with_own_packages(command, tmp_path / "own") is command
    assert not (tmp_path / "own").exists()


def test_where_packages_come_from_is_the_persons(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / ".config/pip/pip.conf").touch()
    command = LocalCommand([str(environment / "bin/python")], {}, tmp_path)
    found = with_own_packages(command, tmp_path / "own").env
    assert found["PIP_INDEX_URL"] == "https://index.example/simple"
    assert found["PIP_CONFIG_FILE"] == str(tmp_path / ".config/pip/pip.conf")
    assert "AWS_PROFILE" not in found


def test_a_folder_that_cannot_be_made_is_told(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = LocalCommand([str(environment / "bin/python")], {}, tmp_path)
    with pytest.raises(CannotInstall, match="could not be made"):
        with_own_packages(command, tmp_path / "file" / "own")
