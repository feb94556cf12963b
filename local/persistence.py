"""What survives a restart: services' state in `<state>/state`, objects in `<state>/s3`.

ministack saves only on a clean stop. Here the state is also written every few seconds while it
changes, each file atomically, so that a killed cloud loses seconds at most. S3 objects are
written as they come.
"""

import json
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local import patching
from local.context import HOST, Cloud

_APP = "ministack.app"
_CORE = "ministack.core.persistence"
_INTERVAL = 3.0  # seconds between looks at whether something changed
_ATTEMPTS = 5  # a service may change while it is read
_SMALL = 4096  # characters
_MARKER = "laptop-cloud"
_READS = ("GET", "HEAD")
logger = logging.getLogger("local.persistence")


class NotAStateDirectory(RuntimeError):
    """The folder given for state holds something else."""


def prepare(cloud: Cloud, *, fresh: bool) -> None:
    """Make the state directory; `fresh` empties it. Addresses are moved to the present port.

    Raises NotAStateDirectory for a folder with other content: this module deletes files.
    """
    folder = cloud.state_dir
    marker = folder / _MARKER
    if folder.exists() and not marker.exists() and any(folder.iterdir()):
        raise NotAStateDirectory(f"{folder} is not empty and not a laptop cloud's state directory")
    if fresh and marker.exists():
        shutil.rmtree(folder)
    (folder / "state").mkdir(parents=True, exist_ok=True)
    previous = marker.read_text(encoding="utf-8").strip() if marker.exists() else ""
    if previous and previous != str(cloud.port):
        for file in (folder / "state").glob("*.json"):
            text = file.read_text(encoding="utf-8")
            write_atomically(file, text.replace(f"{HOST}:{previous}", f"{HOST}:{cloud.port}"))
    write_atomically(marker, f"{cloud.port}\n")


def write_atomically(file: Path, text: str) -> None:
    """Replace a file's content in one step that a crash cannot halve."""
    draft = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


class Snapshots:
    """Writes the services' state when it has changed."""

    def __init__(self, cloud: Cloud) -> None:
        self._folder = cloud.state_dir / "state"
        self._collect = patching.function(_APP, "_build_persistence_save_dict")
        self._version = patching.function(_CORE, "_state_format_version", "service")
        self._encode = patching.function(_CORE, "_json_default", "obj")
        self._lock = threading.Lock()
        self._written: dict[str, int] = {}
        self._stopped = threading.Event()
        self._changed = threading.Event()
        self._busy = False
        patching.replace(_APP, "save_all", lambda services: None, "services")  # noqa: ARG005

    def start(self) -> None:
        """Begin to write every few seconds in the background."""
        threading.Thread(target=self._run, daemon=True, name="snapshots").start()

    def watch(self, app: Any) -> Any:
        """Return the application with an eye on the requests that may change something."""

        async def watched(scope: dict[str, Any], receive: object, send: object) -> None:
            try:
                await app(scope, receive, send)
            finally:
                if scope["type"] == "http" and scope["method"] not in _READS:
                    self._changed.set()

        return watched

    def finish(self) -> None:
        """Write once more and never again: what happens while stopping is not to be kept."""
        self._stopped.set()
        self._write()

    def _run(self) -> None:
        while not self._stopped.wait(_INTERVAL):
            if self._changed.is_set() or self._busy:
                self._changed.clear()
                try:
                    self._write()
                except OSError:
                    logger.exception("the state could not be written; trying again")
                    self._busy = True

    def _write(self) -> None:
        with self._lock:
            changed = [self._write_service(name, read) for name, read in self._collect().items()]
        self._busy = any(changed)  # a run goes on without requests; look again until it is quiet

    def _write_service(self, name: str, read: Any) -> bool:
        for attempt in range(_ATTEMPTS):
            try:
                state = read()
                if state is None:
                    return False
                text = json.dumps(
                    {"__ministack_format__": self._version(name), "payload": state},
                    default=self._encode,
                )
            except RuntimeError:  # "dictionary changed size during iteration"
                if attempt == _ATTEMPTS - 1:
                    logger.warning("state of %s kept changing; written at the next turn", name)
                continue
            digest = hash(text)
            file = self._folder / f"{name}.json"
            if self._written.get(name) == digest or (not file.exists() and _says_nothing(text)):
                return False
            write_atomically(file, text)
            self._written[name] = digest
            return True
        return True


def _says_nothing(text: str) -> bool:
    """Tell whether a service has no state; a file for each of these would slow every start."""
    return len(text) < _SMALL and not any(_leaves(json.loads(text)["payload"]))


def _leaves(value: Any, key: str = "") -> Iterator[bool]:
    """Yield whether each plain value within a service's state carries information."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, name)
    elif isinstance(value, list):
        yield bool(value)
    else:
        yield bool(value) and not key.startswith("__")  # "__account_region_scoped__": true
