"""Puts the plug-ins into ministack and serves it until a signal or the parent's end."""

import asyncio
import contextlib
import http.client
import logging
import logging.handlers
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from local import (
    container_tasks,
    distributed_map,
    door,
    events,
    executions,
    http_api,
    lambda_runtime,
    logs,
    nested_stacks,
    object_versions,
    patching,
    processes,
    step_functions,
)
from local.context import HOST, Cloud
from local.persistence import Snapshots
from local.sagemaker.service import SageMaker, register

_GRACE = 1.0  # seconds for requests under way when the cloud stops
logger = logging.getLogger("local.server")


def configure_logging(cloud: Cloud) -> None:
    """Log to `<state>/cloud.log`, and warnings and worse to standard error as well."""
    file = logging.handlers.RotatingFileHandler(
        cloud.state_dir / "cloud.log", maxBytes=10_000_000, backupCount=1, encoding="utf-8"
    )
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s [%(name)s] %(message)s",
        handlers=[file, terminal],
    )
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # warns of its own metrics


def run(cloud: Cloud, parent_pid: int | None) -> None:
    """Serve until SIGINT, SIGTERM or the parent's end, then stop every child and exit 0.

    Does not return: threads that wait in the middle of a run must not keep the process alive.
    """
    patching.check_version()
    app = patching.function("ministack.app", "app", "scope", "receive", "send")
    snapshots = Snapshots(cloud)
    service = _plug_in(cloud)
    _raise_file_limit()

    def begin() -> None:
        service.start()
        executions.announce_aborted()
        snapshots.start()

    asyncio.run(_serve(cloud, snapshots, door.Door(cloud, snapshots.watch(app)), begin, parent_pid))
    service.stop()
    lambda_runtime.stop_workers()
    processes.stop_all()
    logger.info("stopped")
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _plug_in(cloud: Cloud) -> SageMaker:
    logs.check()
    nested_stacks.install(cloud)
    lambda_runtime.install(cloud)
    http_api.install(cloud)
    events.install(cloud)
    container_tasks.install(cloud)
    executions.install(cloud)
    object_versions.install(cloud)
    distributed_map.install(cloud)
    service = register(cloud)
    step_functions.install(cloud, service.call)
    return service


async def _serve(
    cloud: Cloud,
    snapshots: Snapshots,
    app: Any,
    begin: Callable[[], None],
    parent_pid: int | None,
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if parent_pid is not None:
        threading.Thread(
            target=_watch_parent,
            args=(parent_pid, lambda: loop.call_soon_threadsafe(stop.set)),
            daemon=True,
        ).start()
    threading.Thread(target=_announce, args=(cloud, begin), daemon=True).start()

    async def until_stopped() -> None:
        await stop.wait()
        await asyncio.to_thread(snapshots.finish)

    config = Config()
    config.bind = [f"{HOST}:{cloud.port}"]
    config.graceful_timeout = _GRACE
    config.shutdown_timeout = _GRACE
    config.keep_alive_timeout = 75
    config.errorlog = logging.getLogger("hypercorn.error")
    with contextlib.suppress(asyncio.CancelledError):
        await hypercorn_serve(app, config, shutdown_trigger=until_stopped)


def _announce(cloud: Cloud, begin: Callable[[], None]) -> None:
    """Print one line once requests are answered and what an earlier run left is taken up."""
    while not _answers(cloud):
        time.sleep(0.05)
    begin()
    print(f"ready {cloud.endpoint}", flush=True)


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
