"""What training and processing jobs have in common: a thread, a folder, a status that ends."""

import shutil
import threading
from pathlib import Path
from typing import Any, ClassVar

from botocore.exceptions import BotoCoreError, ClientError

from local.context import Cloud
from local.images import UnknownImage, command_of
from local.objects import S3Uri
from local.sagemaker.channels import UnusableInput
from local.sagemaker.container import Container
from local.sagemaker.errors import invalid
from local.sagemaker.roles import Roles
from local.sagemaker.store import Kind, Record, Store

LONGEST_REASON = 1024  # characters SageMaker takes of what a container leaves behind
STOPPED_WITH_CLOUD = "InternalServerError: the laptop cloud was stopped while the job ran"
JOB_FAILURES = (ClientError, BotoCoreError, OSError, ValueError, RuntimeError)


class Jobs:
    """Jobs of one kind, each in a thread and a folder of its own."""

    kind: ClassVar[Kind]
    name_member: ClassVar[str]
    status_member: ClassVar[str]

    def __init__(self, cloud: Cloud, store: Store, roles: Roles) -> None:
        self.cloud = cloud
        self.store = store
        self.roles = roles
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}
        self._containers: dict[str, Container] = {}
        self._closing = False

    def fail_interrupted(self) -> None:
        """Close what an earlier run of the cloud left unfinished."""
        for record in self.store.all(self.kind):
            if record[self.status_member] in ("InProgress", "Stopping"):
                self.fail(record[self.name_member], STOPPED_WITH_CLOUD)

    def close(self) -> None:
        """Let the jobs end as ones that the cloud's stop interrupted."""
        self._closing = True

    def join(self, name: str) -> Record:
        """Wait for a job to end and return its record."""
        self._threads[name].join()
        return self.store.get(self.kind, name)

    def stop(self, name: str) -> None:
        """Ask a running job to end; raises ValidationException when it has ended."""
        with self.store.edit(self.kind, name) as record:
            if record[self.status_member] not in ("InProgress", "Stopping"):
                status = record[self.status_member]
                raise invalid(f"The request was rejected because the job {name} is {status}.")
            record[self.status_member] = "Stopping"
        container = self._containers.get(name)
        if container is not None:
            container.stop()

    def check_image(self, image: str, arguments: list[str], entrypoint: list[str] | None) -> None:
        """Raise ValidationException unless the image can be run on this machine."""
        try:
            command_of(image, arguments, entrypoint, cloud=self.cloud)
        except UnknownImage as exc:
            raise invalid(str(exc)) from exc

    def start(self, name: str) -> None:
        """Run the job whose record has just been added."""
        container = Container()
        thread = threading.Thread(target=self._run, args=(name, container), name=name, daemon=True)
        with self._lock:
            self._threads[name] = thread
            self._containers[name] = container
        thread.start()

    def carry_out(self, name: str, record: Record, container: Container, base: Path) -> None:
        """Do the job: `base` stands for `/opt/ml`. The record is in its final status after it."""
        raise NotImplementedError

    def fail(self, name: str, reason: str) -> None:
        """Put the job in status Failed with a reason."""
        raise NotImplementedError

    def _run(self, name: str, container: Container) -> None:
        folder = self.cloud.state_dir / "jobs" / name
        base = folder / "ml"
        ended = False
        try:
            base.mkdir(parents=True)
            self.carry_out(name, self.store.get(self.kind, name), container, base)
            ended = True
        except UnusableInput as exc:
            self._fail_unless_closing(name, f"ClientError: Data download failed: {exc}")
            ended = True
        except JOB_FAILURES as exc:
            self._fail_unless_closing(name, f"{type(exc).__name__}: {exc}")
            ended = True
        finally:
            if not ended:  # a defect of the laptop cloud, which its own output shows
                self.fail(name, "InternalServerError: the laptop cloud could not run the job")
            shutil.rmtree(folder, ignore_errors=True)
            with self._lock:
                del self._containers[name]

    def _fail_unless_closing(self, name: str, reason: str) -> None:
        self.fail(name, STOPPED_WITH_CLOUD if self._closing else reason)

    def interrupted(self, name: str) -> bool:
        """Fail the job if the cloud is stopping; a container that ended now did not fail."""
        if self._closing:
            self.fail(name, STOPPED_WITH_CLOUD)
        return self._closing


def check_s3(uri: str, member: str) -> None:
    """Raise ValidationException unless `uri` is `s3://bucket/…`."""
    try:
        S3Uri.parse(uri)
    except ValueError as exc:
        raise invalid(f"{member}: {exc}") from exc


def required(request: dict[str, Any], *members: str) -> None:
    """Raise ValidationException unless each member (`A.B`) is there.

    The API's description leaves them optional because newer kinds of jobs do without.
    """
    for member in members:
        value: Any = request
        for part in member.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            raise invalid(f"{member} is required")


def read_message(file: Path) -> str:
    """Return the first characters of what a container left to explain its end, or ''."""
    try:
        with file.open(encoding="utf-8", errors="replace") as text:
            return text.read(LONGEST_REASON)
    except FileNotFoundError:
        return ""
