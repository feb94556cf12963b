"""A laptop cloud with the stack deployed to it, for as long as a `with` block lasts."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tagline.cli.commands import STACK
from tagline.cli.deploy import build, deploy, sam_environment
from tagline.cli.environments import ROOT, tool
from tagline.cli.errors import Refused
from tagline.cli.interrupts import undisturbed
from tagline.cli.left_behind import bucket_left
from tagline.cli.output import say
from tagline.cli.phases import Phases
from tagline.cli.places import HOST, LAPTOP_SECRET, STATE, make_private, port_taken
from tagline.cli.target import Target, laptop_target

_READY_SECONDS = 60
_STOP_SECONDS = 30
_LAST_LINES = 8
_OPENING, _READY = "opening ", "ready "  # printed when its folder is its own, when it answers
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
_REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com/tagline"
# images whose environments are not everywhere: where PyTorch cannot be had, or no C compiler is
_OPTIONAL = {"trainer_torch": "TorchTrainerImageUri", "mxnet-training": "ScriptImageUri"}
# servers are up in seconds here, and calls are looked at as they come
LAPTOP_PARAMETERS = {
    "EndpointCheckSeconds": "1",
    "EndpointBakeSeconds": "1",
    "ApiOpenChanges": "true",  # the laptop cloud is 127.0.0.1 alone
}
# the template's own, and some that SageMaker's own algorithm trains on: here none costs anything
LAPTOP_MACHINES = (
    "ml.t3.medium,ml.t3.large,ml.t3.xlarge,ml.m5.large,ml.m5.xlarge,ml.m5.2xlarge,ml.m5.4xlarge,"
    "ml.c5.large,ml.c5.xlarge,ml.c5.2xlarge,ml.c5.4xlarge,ml.c5.9xlarge,"
    "ml.g4dn.xlarge,ml.g5.xlarge,ml.p3.2xlarge,ml.p2.xlarge,ml.p2.8xlarge"
)


@dataclass(frozen=True)
class RunningCloud:
    """A laptop cloud that answers, with the stack deployed."""

    endpoint: str
    port: int
    state_dir: Path
    log: Path
    said: Path  # what the cloud's process printed
    process: subprocess.Popen[bytes]
    target: Target
    secret_key: str = LAPTOP_SECRET

    def wait(self) -> None:
        """Block while the cloud runs; raises Refused when it ends by itself."""
        code = self.process.wait()
        raise Refused(f"the laptop cloud ended by itself (exit {code}): {_tail(self.said)}")


@contextmanager
def running_cloud(
    port: int,
    state_dir: Path,
    *,
    fresh: bool = False,
    build_dir: Path | None = None,
    phases: Phases | None = None,
    source_buckets: Sequence[str] = (),
    parameters: Mapping[str, str] = MappingProxyType({}),
    stack: str = STACK,
    secret_key: str | None = None,
) -> Iterator[RunningCloud]:
    """Start a laptop cloud, deploy the stack, and stop every process of it at the end.

    Lists may read images from `source_buckets` too; none leaves the stack's setting as it is. So it
    is with the template's other `parameters`.
    What `sam build` makes goes into `build_dir`, `<state_dir>/build` unless given; two clouds
    must not share one. With a `secret_key` the cloud takes only requests that were signed with it.
    Raises Refused when an environment is missing, the port is taken or
    another cloud uses `state_dir`.
    """
    phases = phases or Phases()
    check_start(port)
    python = tool("cloud", "python")
    state_dir = state_dir.resolve()
    endpoint = f"http://{HOST}:{port}"
    with ExitStack() as closing:
        closing.callback(os.umask, os.umask(0o077))  # of what this process and its cloud write
        state_dir.parent.mkdir(parents=True, exist_ok=True)
        if state_dir.is_relative_to(STATE):
            make_private(STATE)
        said = state_dir.with_name(f"{state_dir.name}-{port}.out")
        process = closing.enter_context(
            _process(python, port, state_dir, fresh=fresh, said=said, secret_key=secret_key)
        )
        _wait_for(process, said, _OPENING, _READY)
        build_dir = (build_dir or state_dir / "build").resolve()
        home = state_dir / "sam-home"
        home.mkdir(exist_ok=True)
        secret = secret_key or LAPTOP_SECRET
        environment = sam_environment(endpoint, home, secret)
        sam_log = state_dir / "sam.log"
        with phases.phase("Build the functions (sam build)"):  # the cloud goes on starting
            build(build_dir, sam_log, environment)
        with phases.phase("Start the laptop cloud"):
            _wait_for(process, said, _READY)
        target = laptop_target(endpoint, stack, secret_key=secret)
        with phases.phase("Deploy the stack (sam deploy)"):
            given = {**LAPTOP_PARAMETERS}
            if former := _former_endpoints(target):
                given["FormerEndpoints"] = ",".join(former)
            for name, parameter in _OPTIONAL.items():
                if (ROOT / ".venvs" / name).is_dir():
                    given[parameter] = f"{_REGISTRY}/{name}:latest"
            if "ExistingBucket" not in parameters and (left := bucket_left(target)):
                say(f"Going on with the data in s3://{left}, which an earlier stack left")
                given["ExistingBucket"] = left
            if not target.is_there:  # else they stay as somebody has set them
                given["AllowedInstanceTypes"] = LAPTOP_MACHINES
            if source_buckets:
                given["SourceBuckets"] = ",".join(source_buckets)
            deploy(build_dir, stack, sam_log, environment, {**given, **parameters})
        _ = target.outputs  # a stack without its outputs is no success
        log = state_dir / "cloud.log"
        yield RunningCloud(endpoint, port, state_dir, log, said, process, target, secret)


def _former_endpoints(target: Target) -> list[str]:
    """Return the endpoints that an earlier version named: the stack grants them one by one."""
    pages = target.sagemaker.get_paginator("list_endpoints").paginate(
        NameContains=f"{target.stack}-"
    )
    names = [item["EndpointName"] for page in pages for item in page["Endpoints"]]
    return [name for name in names if not name.startswith(f"{target.stack}--")]


def check_start(port: int) -> None:
    """Raise Refused, before anything is touched, when a cloud could not start on a port."""
    tool("sam", "sam")
    tool("cloud", "python")
    if port_taken(port):
        raise Refused(f"port {port} is taken: choose another with --port, or stop its owner")


@contextmanager
def _process(
    python: Path, port: int, state_dir: Path, *, fresh: bool, said: Path, secret_key: str | None
) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(python), "-m", "local"]
    command += ["--port", str(port), "--state-dir", str(state_dir)]
    command += ["--parent-pid", str(os.getpid())]
    if fresh:
        command.append("--fresh")
    # compiling all that it loads takes two thirds of a start: what is compiled is kept
    environment = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
    if secret_key is not None:
        command.append("--locked")
        environment["TAGLINE_SECRET_KEY"] = secret_key  # a command line would show it to everyone
    with said.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches this process, which stops the cloud in order
        )
    try:
        yield process
    finally:
        with undisturbed():
            _stop(process)
            said.unlink(missing_ok=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        say(f"The laptop cloud did not stop in {_STOP_SECONDS} s and was killed.", style="yellow")


def _wait_for(process: subprocess.Popen[bytes], said: Path, *words: str) -> None:
    """Wait for a line of the cloud's that begins with one of these words."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if any(line.startswith(words) for line in said.read_text(errors="replace").splitlines()):
            return
        if process.poll() is not None:
            raise Refused(f"the laptop cloud did not start: {_tail(said)}")
        time.sleep(0.05)
    raise Refused(f"the laptop cloud was not ready after {_READY_SECONDS} s: {_tail(said)}")


def _tail(said: Path) -> str:
    return " | ".join(said.read_text(errors="replace").strip().splitlines()[-_LAST_LINES:])
