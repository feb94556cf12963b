"""An image's command on this machine, the processes that run it, and the checks on ministack."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local import patching, processes
from local.context import Cloud
from local.dockerfile import read_dockerfile
from local.images import UnknownImage, command_of, image_name
from tests.laptop import add_container, eventually

DOCKERFILE = """
ARG BASE_IMAGE=python:3.11-slim
FROM ${BASE_IMAGE} AS base
ENV LEVEL=low PLACE="far away"
RUN pip install things && \\
    rm -rf cache
FROM base
# the program
ENV WHERE /opt/venv/share
ENV PATH=/opt/venv/bin:$PATH \\
    LEVEL=${LEVEL}er
ENTRYPOINT ["/opt/venv/bin/python", "-m", "packer"]
CMD ["help"]
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    add_container(tmp_path, "packer", DOCKERFILE, "")
    return Cloud(24999, tmp_path / "state", tmp_path)


@pytest.mark.parametrize(
    "uri",
    [
        "packer",
        "packer:latest",
        "localhost:5000/packer",
        "000000000000.dkr.ecr.us-east-1.amazonaws.com/tagline/packer:1.0",
        "example.org/packer@sha256:0123",
    ],
)
def test_an_image_is_named_by_the_end_of_its_repository(uri: str) -> None:
    assert image_name(uri) == "packer"


def test_the_entry_point_runs_in_the_images_own_environment(cloud: Cloud) -> None:
    command = command_of("somewhere/packer:1", ["pack", "--fast"], cloud=cloud)
    venv = cloud.root / ".venvs/packer"
    assert command.argv == [f"{venv}/bin/python", "-m", "packer", "pack", "--fast"]
    assert command.cwd == cloud.root


def test_cmd_stands_in_for_missing_arguments_but_not_beside_another_entry_point(
    cloud: Cloud,
) -> None:
    assert command_of("packer", [], cloud=cloud).argv[-1] == "help"
    other = command_of("packer", [], ["python", "-V"], cloud=cloud)
    assert other.argv == [f"{cloud.root}/.venvs/packer/bin/python", "-V"]


def test_the_environment_is_the_images_and_the_laptops_and_no_more(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PRIVATE", "1")
    env = command_of("packer", [], cloud=cloud).env
    assert env["LEVEL"] == "lower"
    assert env["PLACE"] == "far away"
    assert env["WHERE"] == f"{cloud.root}/.venvs/packer/share"
    assert env["AWS_ENDPOINT_URL"] == "http://127.0.0.1:24999"
    assert env["TAGLINE_BIND_HOST"] == "127.0.0.1"
    assert env["PYTHONPATH"] == f"{cloud.root}:{cloud.root}/containers"
    assert "PRIVATE" not in env
    assert "AWS_PROFILE" not in env


def test_an_image_that_is_not_here_says_what_is_missing(cloud: Cloud) -> None:
    with pytest.raises(UnknownImage, match=r"containers/absent/Dockerfile does not exist"):
        command_of("absent:1", [], cloud=cloud)
    (cloud.root / ".venvs/packer").unlink()
    with pytest.raises(UnknownImage, match="make install"):
        command_of("packer", [], cloud=cloud)


def test_a_shell_form_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM scratch\nENTRYPOINT python -m packer\n")
    with pytest.raises(ValueError, match="exec form"):
        read_dockerfile(file)


def test_a_process_is_logged_to_its_last_line(tmp_path: Path) -> None:
    lines: list[str] = []
    program = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    process = processes.Processes().spawn(
        [sys.executable, "-u", "-c", program], {}, tmp_path, lines.append
    )
    assert process.wait() == 3
    assert sorted(lines) == ["one", "two"]


def test_stopping_a_process_ends_what_it_started(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    lines: list[str] = []
    registry = processes.Processes()
    process = registry.spawn([sys.executable, "-c", program], {}, tmp_path, lines.append)
    eventually(lambda: lines)
    assert registry.stop(process, grace_s=5) < 0
    eventually(lambda: not _runs(int(lines[0])))


def test_processes_end_when_their_owner_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from local import processes\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "child = processes.spawn(sleep, {}, Path('.'), Path(sys.argv[1]))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "log")],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    child = int(owner.stdout.readline())
    assert _runs(child)
    owner.kill()
    owner.wait()
    eventually(lambda: not _runs(child))


def test_a_stopped_registry_starts_nothing(tmp_path: Path) -> None:
    registry = processes.Processes()
    registry.stop_all()
    with pytest.raises(RuntimeError, match="stopping"):
        registry.spawn(["true"], {}, tmp_path, tmp_path / "log")


def test_a_name_that_moved_is_told_with_the_pinned_version() -> None:
    assert patching.function("json", "dumps", *_parameters()) is json.dumps
    with pytest.raises(patching.UnexpectedMinistack, match=r"json\._dump_all does not exist.*1\.5"):
        patching.function("json", "_dump_all")
    with pytest.raises(patching.UnexpectedMinistack, match=r"json\.detect_encoding takes \(b\)"):
        patching.function("json", "detect_encoding", "text")
    with pytest.raises(patching.UnexpectedMinistack, match="not <class 'dict'>"):
        patching.member("json", "dumps", dict)


def _parameters() -> list[str]:
    import inspect

    return list(inspect.signature(json.dumps).parameters)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
