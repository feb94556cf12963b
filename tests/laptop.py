"""A laptop cloud for tests: started on a free port, with state and root of its own."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import boto3
from botocore.config import Config

REPOSITORY = Path(__file__).parents[1]
PYTHON = REPOSITORY / ".venvs/cloud/bin/python"
SAM = REPOSITORY / ".venvs/sam/bin/sam"
READY_SECONDS = 60


@dataclass
class LaptopCloud:
    """A running laptop cloud; more folders may be put under its `root`."""

    port: int
    state_dir: Path
    root: Path
    process: "subprocess.Popen[str]"

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """An environment in which any AWS client talks to this cloud and no other."""
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "SAM_CLI_TELEMETRY": "0",
        }

    def client(self, service: str) -> Any:
        """Return a boto3 client of this cloud."""
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}, read_timeout=120),
        )

    def deploy(self, template: Path, stack: str, *parameters: str) -> dict[str, str]:
        """Deploy a template with the real SAM command line; return the stack's outputs."""
        overrides = ["--parameter-overrides", *parameters] if parameters else []
        subprocess.run(
            [
                SAM,
                "deploy",
                "--template-file",
                template,
                "--stack-name",
                stack,
                "--resolve-s3",
                "--capabilities",
                "CAPABILITY_IAM",
                "CAPABILITY_NAMED_IAM",
                "CAPABILITY_AUTO_EXPAND",
                "--no-confirm-changeset",
                "--no-fail-on-empty-changeset",
                "--no-progressbar",
                *overrides,
            ],
            check=True,
            env=self.environment,
            cwd=template.parent,
            timeout=180,
        )
        return self.outputs(stack)

    def outputs(self, stack: str) -> dict[str, str]:
        """Return a stack's outputs."""
        found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", ())}

    def powerful_role(self, name: str, path: str = "/") -> str:
        """Return the ARN of a role that may do everything, for tests of other things."""
        iam = self.client("iam")
        trusted = {"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "sts:AssumeRole"}
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=_policy(trusted))
        iam.put_role_policy(
            RoleName=name, PolicyName="everything", PolicyDocument=_policy(everything)
        )
        arn: str = iam.get_role(RoleName=name)["Role"]["Arn"]
        return arn

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_root(folder: Path) -> Path:
    """Make a root that shows this repository's containers and takes others beside them."""
    for part in ("containers", ".venvs"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for entry in (REPOSITORY / part).iterdir():
            link = folder / part / entry.name
            if entry.is_dir() and not link.exists():
                link.symlink_to(entry)
    if not (folder / "tagline").exists():
        (folder / "tagline").symlink_to(REPOSITORY / "tagline")
    return folder


def add_container(root: Path, name: str, dockerfile: str, program: str) -> None:
    """Add `containers/<name>/` with a package `<name>` and an environment of this Python's."""
    folder = root / "containers" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "__init__.py").write_text("")
    (folder / "__main__.py").write_text(program)
    venv = root / ".venvs" / name
    if not venv.exists():
        venv.parent.mkdir(exist_ok=True)
        venv.symlink_to(REPOSITORY / ".venvs/cloud")


@contextmanager
def running(
    state_dir: Path, root: Path, *options: str, port: int = 0, stderr: IO[str] | None = None
) -> Iterator[LaptopCloud]:
    """Run a laptop cloud for the length of a `with` block."""
    port = port or free_port()
    process = subprocess.Popen(
        [
            PYTHON,
            "-m",
            "local",
            "--port",
            str(port),
            "--state-dir",
            state_dir,
            "--root",
            root,
            *options,
        ],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    try:
        line = ""
        while process.stdout and (line := process.stdout.readline()).startswith("opening "):
            pass
        if not line.startswith("ready "):
            raise RuntimeError(f"the laptop cloud did not start: {line!r}, {process.wait(10)}")
        yield LaptopCloud(port, state_dir, root, process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=30)


def eventually(check: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Return the first true answer of `check`, asked again and again; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = check()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{check} stayed false for {seconds} s")
