"""What the laptop cloud keeps is its owner's alone: other accounts of the machine can't read it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tagline.cli import environments
from tagline.cli.places import CloudFile, make_private


@pytest.fixture(autouse=True)
def open_hearted() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "a" / ".tagline"
    make_private(folder)
    assert mode(folder) == 0o700
    folder.chmod(0o755)
    make_private(folder)
    assert mode(folder) == 0o700
    assert mode(tmp_path / "a") == 0o755


def test_the_cloud_file_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / ".tagline" / "cloud.json"
    CloudFile(endpoint="http://127.0.0.1:1", port=1, pid=1, outputs={}).write(path)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_the_cloud_process_makes_private_files(tmp_path: Path) -> None:
    code = (
        "import os, sys; sys.argv = ['local', '--port', '1', '--state-dir', sys.argv[1]]\n"
        "from local import __main__ as cloud\n"
        "cloud._port_problem = lambda _port: None\n"
        "cloud.settings.apply = lambda _cloud: sys.exit(0)\n"
        "cloud.main()\n"
    )
    state = tmp_path / "state"
    subprocess.run([sys.executable, "-c", code, str(state)], cwd=environments.ROOT, check=True)
    assert mode(state) == 0o700
    assert mode(tmp_path / "state.lock") == 0o600
