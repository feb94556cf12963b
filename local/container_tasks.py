"""ECS tasks without Docker: an image's entry point as a process of this machine.

ministack drives containers through docker-py; this is an object of that library's shape, with
the few calls ministack makes, whose containers are processes.
"""

import shlex
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from typing import Any

from local import patching, processes
from local.access.authority import Authority
from local.access.sessions import session_of
from local.context import Cloud
from local.images import command_of

_ECS = "ministack.services.ecs"
_RUN_KWARGS = (
    "cdef",
    "td",
    "env",
    "port_bindings",
    "ecs_network",
    "host_mode",
    "task_id",
    "task_arn",
    "ministack_net_ip",
    "cluster_arn",
)
_KEPT_LINES = 100_000
_SIGNALLED = 128  # a shell's convention, and a container engine's: 128 + the signal's number


def install(cloud: Cloud, authority: Authority) -> None:
    """Make ECS run its containers as processes, each by the roles of its task definition."""
    patching.assign(_ECS, "_docker", LocalEngine(cloud), type(None))
    build = patching.function(_ECS, "_build_run_kwargs", *_RUN_KWARGS)

    def with_entry_point(
        definition: dict[str, Any], task: dict[str, Any], *rest: Any
    ) -> dict[str, Any]:
        arguments: dict[str, Any] = build(definition, task, *rest)
        arguments.pop("platform", None)  # processes run on this machine, whatever it is
        _prepare(authority, definition, task)
        role = task.get("taskRoleArn")
        own = session_of(role, task["family"]).variables if role else {}
        return {**arguments, "entrypoint": definition.get("entryPoint"), "credentials": own}

    patching.replace(_ECS, "_build_run_kwargs", with_entry_point, *_RUN_KWARGS)


def _prepare(authority: Authority, definition: dict[str, Any], task: dict[str, Any]) -> None:
    """Fetch the image and begin the log by the execution role; raises AccessDenied."""
    role = task.get("executionRoleArn")
    if not role:  # an image and a log that need none
        return
    key = session_of(role, task["family"]).access_key
    authority.require_pull(key, definition["image"])
    options = (definition.get("logConfiguration") or {}).get("options") or {}
    if "awslogs-group" in options:
        stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{definition['name']}"
        authority.require_log(key, options["awslogs-group"], stream)


class LocalEngine:
    """What ministack takes for a Docker client."""

    def __init__(self, cloud: Cloud) -> None:
        self.containers = _Containers(cloud)


class _Containers:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._all: dict[str, LocalContainer] = {}

    def run(
        self,
        image: str,
        *,
        command: str | list[str] | None = None,
        entrypoint: list[str] | None = None,
        environment: dict[str, str] | None = None,
        credentials: dict[str, str] | None = None,
        **_options: object,  # networks, ports, names and labels mean nothing to a process
    ) -> "LocalContainer":
        """Start the image's command; raises UnknownImage, which becomes the task's reason."""
        words = shlex.split(command) if isinstance(command, str) else list(command or [])
        variables = {**(environment or {}), **(credentials or {})}
        container = LocalContainer(self._cloud, image, words, entrypoint, variables)
        self._all[container.id] = container
        return container

    def get(self, container_id: str) -> "LocalContainer":
        """Return a container by its id."""
        return self._all[container_id]

    def list(self, **_filters: object) -> "list[LocalContainer]":
        """Return all containers that were started and not removed."""
        return list(self._all.values())


class LocalContainer:
    """A process that ministack takes for a container."""

    attrs = {  # noqa: RUF012 - docker-py's shape
        "NetworkSettings": {"Networks": {"laptop": {"IPAddress": "127.0.0.1"}}, "Ports": {}},
        "State": {},
    }
    labels: dict[str, str] = {}  # noqa: RUF012

    def __init__(
        self,
        cloud: Cloud,
        image: str,
        command: list[str],
        entrypoint: list[str] | None,
        environment: dict[str, str],
    ) -> None:
        self.id = uuid.uuid4().hex
        self.name = self.id
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._news = threading.Condition()
        local = command_of(image, command, entrypoint, cloud=cloud)
        overrides = {
            name: value for name, value in environment.items() if name not in _OF_THE_LAPTOP
        }
        self._process = processes.spawn(
            local.argv, {**local.env, **overrides}, local.cwd, self._append
        )

    def _append(self, line: str) -> None:
        with self._news:
            self._lines.append(line)
            self._news.notify_all()

    @property
    def status(self) -> str:
        """`running` or `exited`."""
        return "running" if self._process.poll() is None else "exited"

    def reload(self) -> None:
        """Do nothing: `status` is always the present one."""

    def wait(self, **_options: object) -> dict[str, int]:
        """Return the exit code, 128 + n for a process that signal n ended."""
        code = self._process.wait()
        return {"StatusCode": code if code >= 0 else _SIGNALLED - code}

    def logs(self, *, stream: bool = False, **_options: object) -> Iterator[bytes] | bytes:
        """Return the lines so far, or an iterator over all lines until the process has ended."""
        return self._follow() if stream else b"".join(f"{line}\n".encode() for line in self._lines)

    def _follow(self) -> Iterator[bytes]:
        ended = False
        while True:
            with self._news:
                lines = list(self._lines)
                self._lines.clear()
                if not lines and not ended:
                    self._news.wait(timeout=0.2)
            yield from (f"{line}\n".encode() for line in lines)
            if ended and not lines:
                return
            if not ended and self._process.poll() is not None:
                self._process.wait()  # its last lines have been read when this returns
                ended = True

    def stop(self, timeout: int = 5) -> None:
        """End the process and all it started."""
        processes.stop(self._process, timeout)

    def remove(self, **_options: object) -> None:
        """End the process; nothing else is left of it."""
        self.stop()


_OF_THE_LAPTOP = {
    "AWS_ENDPOINT_URL",
    "ECS_CONTAINER_METADATA_URI",
    "ECS_CONTAINER_METADATA_URI_V4",
    "HOME",
    "PATH",
    "PYTHONPATH",
}
