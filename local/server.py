"""Puts the plug-ins into ministack and serves it until a signal or the parent's end."""

import asyncio
import contextlib
import ctypes
import http.client
import logging
import logging.handlers
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from local import (
    container_tasks,
    deliveries,
    distributed_map,
    door,
    events,
    executions,
    half_made,
    http_api,
    iot,
    joined_writes,
    lambda_runtime,
    logs,
    metric_points,
    nested_stacks,
    object_encryption,
    object_versions,
    object_writes,
    patching,
    processes,
    redriving,
    scaling,
    step_access,
    step_functions,
    throttling,
    walking,
)
from local.access import policies
from local.access.authority import Authority
from local.access.guard import Guard
from local.access.record import Record
from local.access.sessions import secret_of
from local.api_callers import Callers
from local.context import ACCESS_KEY, HOST, Cloud
from local.execution_log import ExecutionLog
from local.greengrass import service as greengrass
from local.journal import Journal
from local.lock import Lock
from local.log_files import LogFiles
from local.object_requests import ObjectRequests
from local.persistence import Snapshots
from local.rule_deliveries import RuleDeliveries
from local.sagemaker.service import SageMaker, register
from local.space import Space
from local.stacks import StackIncomplete
from local.upkeep import Upkeep
from tagline.formats.printable import printable_lines

_LOG_LINE = "%(asctime)s %(levelname)s [%(name)s] %(message)s"
_M_MMAP_THRESHOLD = -3  # of glibc's mallopt
_LARGE_BLOCK = 1 << 20  # bytes
_BACKLOG = 512  # connections that wait to be taken
_DELIVERING = 8.0  # seconds for what devices sent to reach its functions when the cloud stops
_GRACE = 1  # second for requests under way when the cloud stops
logger = logging.getLogger("local.server")


class _Printable(logging.Formatter):
    """Log lines with the names in them made fit for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable_lines(super().format(record))


def configure_logging(cloud: Cloud) -> None:
    """Log to `<state>/cloud.log`, and warnings and worse to standard error as well."""
    file = logging.handlers.RotatingFileHandler(
        cloud.state_dir / "cloud.log", maxBytes=10_000_000, backupCount=1, encoding="utf-8"
    )
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    file.setFormatter(logging.Formatter(_LOG_LINE))
    terminal.setFormatter(_Printable(_LOG_LINE))
    logging.basicConfig(level=logging.INFO, handlers=[file, terminal])
    logging.raiseExceptions = False  # a full disk would fill the terminal too
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # warns of its own metrics


def run(cloud: Cloud, parent_pid: int | None) -> None:
    """Serve until SIGINT, SIGTERM or the parent's end, then stop every child and exit.

    Does not return: threads that wait in the middle of a run must not keep the process alive.
    Exits with 1 when a deployed stack is not there any more.
    """
    patching.check_version()
    app = patching.function("ministack.app", "app", "scope", "receive", "send")
    space = Space(cloud)
    journal = Journal(cloud.state_dir / "journal.db")
    snapshots = Snapshots(cloud, journal)
    log = ExecutionLog(journal)
    authority = Authority(cloud, Record(cloud.state_dir))
    service, rules = _plug_in(cloud, space, log, authority)
    requests = object_writes.install(cloud, space)
    log.install()
    LogFiles(cloud.state_dir).install()
    _raise_file_limit()
    _give_large_blocks_back()
    upkeep = Upkeep(cloud, space, snapshots, log, service)
    objects = ObjectRequests(cloud, requests, app)
    gateway = iot.Gateway(cloud, snapshots.watch(objects))
    served = _Serving(cloud, upkeep, gateway, rules)
    inside: Any = Guard(authority, gateway)
    if cloud.locked:
        inside = Lock(lambda key: cloud.secret_key if key == ACCESS_KEY else secret_of(key), inside)
    asyncio.run(served.until_stopped(door.Door(cloud, inside), parent_pid))
    service.stop()
    lambda_runtime.stop_workers()
    processes.stop_all()
    logger.info("stopped")
    logging.shutdown()
    sys.stdout.flush()
    os._exit(1 if served.refused else 0)


def _plug_in(
    cloud: Cloud, space: Space, log: ExecutionLog, authority: Authority
) -> tuple[SageMaker, RuleDeliveries]:
    access = step_access.StepAccess(authority)
    policies.install()
    logs.install()
    metric_points.install()
    nested_stacks.install(cloud)
    half_made.install()
    lambda_runtime.install(cloud)
    throttling.install()
    rules = iot.install(cloud, deliveries.install(authority))
    http_api.install(cloud, Callers(cloud, authority))
    events.install()
    container_tasks.install(cloud, authority)
    walker = walking.install()
    step_access.install(access)
    executions.install(space)
    redriving.install(walker, space, log)
    object_encryption.install()
    object_versions.install()
    distributed_map.install(cloud, access)
    scaling.install(cloud)
    greengrass.install(cloud)
    service = register(cloud, space, authority)
    step_functions.install(cloud, service.call, access)
    return service, rules


class _Serving:
    """The server, from its first answer to the signal that ends it."""

    def __init__(
        self, cloud: Cloud, upkeep: Upkeep, gateway: iot.Gateway, rules: RuleDeliveries
    ) -> None:
        self._cloud = cloud
        self._upkeep = upkeep
        self._gateway = gateway
        self._rules = rules
        self.refused = False

    async def until_stopped(self, app: Any, parent_pid: int | None) -> None:
        """Answer requests until a signal or the parent's end."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()

        def stop_soon() -> None:
            loop.call_soon_threadsafe(stop.set)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        if parent_pid is not None:
            watch = threading.Thread(target=_watch_parent, args=(parent_pid, stop_soon))
            watch.daemon = True
            watch.start()
        threading.Thread(target=self._announce, args=(stop_soon,), daemon=True).start()

        server = _Server(
            uvicorn.Config(
                app,
                HOST,
                self._cloud.port,
                http=joined_writes.protocol(),
                ws="wsproto",
                lifespan="on",  # it loads what was saved
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,  # each answer has one
                backlog=_BACKLOG,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=_GRACE,
            )
        )

        async def stopped() -> None:
            await stop.wait()
            if not self.refused:  # what is incomplete must not be made to last
                await self._gateway.close()
                await asyncio.to_thread(self._rules.finish, _DELIVERING)
                await asyncio.to_thread(self._upkeep.finish)
            server.should_exit = True

        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(stopped())
            await server.serve()
            ending.cancel()

    def _announce(self, stop: Callable[[], None]) -> None:
        """Print one line once requests are answered and what an earlier run left is taken up."""
        while not _answers(self._cloud):
            time.sleep(0.05)
        try:
            self._upkeep.begin()
            self._rules.take_up()
        except StackIncomplete as exc:
            self.refused = True
            print(printable_lines(f"laptop cloud: {exc}"), file=sys.stderr, flush=True)
            stop()
        else:
            print(f"ready {self._cloud.endpoint}", flush=True)


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever started it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


def _answers(cloud: Cloud) -> bool:
    connection = http.client.HTTPConnection(HOST, cloud.port, timeout=5)
    try:
        connection.request("GET", door.HEALTH)
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _watch_parent(parent_pid: int, stop: Callable[[], object]) -> None:
    child = os.getppid() == parent_pid
    while os.getppid() == parent_pid if child else _alive(parent_pid):
        time.sleep(0.5)
    logger.warning("process %d, which started this cloud, has ended", parent_pid)
    stop()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):  # macOS refuses "unlimited"
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _give_large_blocks_back() -> None:
    """Let models and states that passed through here go back to the system once they are free.

    glibc would keep blocks as large as any that it has seen freed, in an arena a thread.
    """
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)
