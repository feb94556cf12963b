"""A Docker engine: the one that runs here, or Debian's, started for these tests alone."""

import os
import platform
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.images.debian import Unavailable, unpacked

_START_SECONDS = 60
_STOP_SECONDS = 30
_PROBE_SECONDS = 180
_SPACE = 6 * 1024**3  # bytes that base, images and their layers take at most
# the network as a build and im2rec use it, and a folder of this machine's
_PROBE = """
test -e /probe/here
python -c "import socket; socket.create_connection(('127.0.0.1', $PORT), 5)"
apt-get update --quiet=2 --option APT::Update::Error-Mode=any
python -m venv /tmp/probe
/tmp/probe/bin/python -m pip download --quiet --retries 1 --no-deps --dest /tmp msgspec
"""


@dataclass(frozen=True)
class Engine:
    """An engine that answers; call it with the arguments of `docker`."""

    docker: str
    environment: dict[str, str]
    about: str

    def __call__(
        self, *arguments: str, seconds: float = 60, given: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command; raise TimeoutExpired where it takes longer than `seconds`."""
        return subprocess.run(
            [self.docker, *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=given,
            env=self.environment,
            timeout=seconds,
        )

    def answers(self) -> bool:
        """Return whether there is an engine behind the command."""
        try:
            return self("info", seconds=10).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def check(self, base: str) -> None:
        """Raise Unavailable unless containers of `base` reach what a build needs."""
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("", 0)) as server:
            Path(folder, "here").touch()
            port = server.getsockname()[1]
            about = ["--env", f"PORT={port}", "--volume", f"{folder}:/probe:ro", *proxies("--env")]
            try:
                done = self(
                    "run",
                    "--rm",
                    "--network=host",
                    *about,
                    base,
                    "sh",
                    "-ec",
                    _PROBE,
                    seconds=_PROBE_SECONDS,
                )
            except subprocess.TimeoutExpired as exc:
                raise Unavailable(
                    f"no network: a container asked for packages for {_PROBE_SECONDS} s"
                ) from exc
            if done.returncode:
                last = (done.stderr.strip() or "no word why").splitlines()[-1]
                raise Unavailable(f"no network: a container gets no packages: {last}")


def proxies(option: str) -> list[str]:
    """Return an option of docker's for each variable that names a proxy."""
    names = [name for name in os.environ if name.lower() in {"http_proxy", "https_proxy"}]
    return [part for name in names for part in (option, name)]


@contextmanager
def some_engine(folder: Path) -> Iterator[Engine]:
    """Give an engine for linux/amd64; raise Unavailable where none runs and none can be started."""
    if platform.system() != "Linux":
        raise Unavailable(f"no engine: one of Linux is needed, and this is {platform.system()}")
    if shutil.disk_usage(folder).free < _SPACE:
        raise Unavailable(f"no space: {_SPACE >> 30} GiB are needed at {folder.parent}")
    engine = Engine(shutil.which("docker") or "docker", dict(os.environ), "of this machine")
    if shutil.which("docker") and engine.answers():
        yield _checked(engine)
        return
    try:
        environment = unpacked(folder, "docker.io")
    except Unavailable as exc:
        raise Unavailable(f"no engine: none runs here, and {exc}") from exc
    with _private(folder, environment) as engine:
        yield _checked(engine)


def _checked(engine: Engine) -> Engine:
    kind = engine("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}").stdout.strip()
    if kind != "linux/amd64":
        raise Unavailable(f"no engine for linux/amd64, MXNet's only platform: it runs {kind}")
    return engine


@contextmanager
def _private(folder: Path, environment: dict[str, str]) -> Iterator[Engine]:
    """Run an engine that leaves the machine's network as it is, and nothing behind."""
    address, log = f"unix://{folder}/engine.sock", folder / "engine.log"
    options = {
        "data-root": folder / "data",
        "exec-root": folder / "exec",
        "pidfile": folder / "engine.pid",
        "host": address,
        "bridge": "none",
        **dict.fromkeys(("iptables", "ip6tables", "ip-forward", "ip-masq"), "false"),
    }
    with log.open("wb") as stream:
        process = subprocess.Popen(
            # ends with the thread that started it, however that ends
            [
                "setpriv",
                "--pdeathsig",
                "TERM",
                "dockerd",
                *(f"--{k}={v}" for k, v in options.items()),
            ],
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    docker = shutil.which("docker", path=environment["PATH"]) or "docker"
    own = {"DOCKER_HOST": address, "DOCKER_BUILDKIT": "1", "DOCKER_CONFIG": str(folder)}
    engine = Engine(docker, environment | own, "of Debian, started for this")
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not engine.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
                raise Unavailable(f"no engine: none runs here, and dockerd says: {said[-1]}")
            time.sleep(0.2)
        yield engine
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _unmount(folder)


def _unmount(folder: Path) -> None:
    """Let go of what the engine mounted below a folder, such as a network's namespace."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in reversed(mounts):
        if mount.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", mount], check=False, timeout=_STOP_SECONDS)
