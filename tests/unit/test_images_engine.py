"""Where tests/images cannot try the images, the reason is told; nothing of it is a failure."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.images import debian
from tests.images.debian import Unavailable, python_root
from tests.images.engine import Engine, some_engine

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without any program, and a user who is not root."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr("tests.images.engine._SPACE", 0)
    return monkeypatch


def why_not(folder: Path) -> str:
    with pytest.raises(Unavailable) as told, some_engine(folder):
        pass
    return str(told.value)


def test_nobody_but_root_can_start_an_engine(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert why_not(tmp_path) == (
        "no engine: none runs here, and only root could get docker.io and use it"
    )


def test_there_may_be_no_apt(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setattr(os, "geteuid", lambda: 0)
    assert why_not(tmp_path) == (
        "no engine: none runs here, and there is no apt to get docker.io by"
    )


def test_apt_may_get_nothing(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "bin/apt-get", "echo 'W: waited'; echo 'E: no such package' >&2; exit 100")
    bare.setenv("PATH", f"{tmp_path}/bin:{os.defpath}")
    bare.setattr(os, "geteuid", lambda: 0)
    assert why_not(tmp_path) == (
        "no engine: none runs here, and apt-get failed: E: no such package"
    )


@pytest.mark.parametrize("kind", ["windows/amd64", "linux/arm64"])
def test_an_engine_of_another_platform(bare: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    program(tmp_path / "bin/docker", f"echo {kind}")
    bare.setenv("PATH", f"{tmp_path}/bin:{os.defpath}")
    assert why_not(tmp_path) == f"no engine for linux/amd64, MXNet's only platform: it runs {kind}"


def test_another_system_and_a_full_disk(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setattr("tests.images.engine._SPACE", 1 << 62)
    assert "GiB are needed at" in why_not(tmp_path)
    bare.setattr(platform, "system", lambda: "Darwin")
    assert why_not(tmp_path) == "no engine: one of Linux is needed, and this is Darwin"


def test_a_container_that_gets_no_packages(tmp_path: Path) -> None:
    docker = program(tmp_path / "docker", "echo 'E: no route to host' >&2; exit 100")
    with pytest.raises(Unavailable, match=r"^no network: a container .*: E: no route to host$"):
        Engine(str(docker), dict(os.environ), "").check("base")


def test_only_debian_s_python_can_be_stood_in_for(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"^nothing can stand in for alpine:3$"):
        python_root(tmp_path, "alpine:3")


def test_indexes_on_this_machine_s_disk_are_not_given_to_a_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nextra-index-url = file:///a https://one.example/simple\n"
        "find-links = /b\ncert = /c.pem\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_CERT", "/d.pem")
    text, certificates = debian._pip_settings()
    assert "extra-index-url = https://one.example/simple\n" in text
    assert "find-links" not in text
    assert certificates == Path("/d.pem")


@pytest.mark.slow
def test_a_skip_is_the_last_thing_said(tmp_path: Path) -> None:
    program(tmp_path / "docker", "echo linux/arm64")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/images"],
        check=False,
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert "\nimages: skipped: no engine for linux/amd64" in done.stdout
    assert "passed" not in done.stdout


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
