"""What survives a restart: services' state in `<state>/state`, objects in `<state>/s3`.

ministack saves only on a clean stop. Here the state is also written every few seconds while it
changes, and what must not wait for that lies in a journal, so that a killed cloud loses nothing
it has answered for. S3 objects are written as they come.
"""

import json
import logging
import re
import shutil
import threading
from collections.abc import Iterator
from typing import Any

from local import durable, object_files, patching
from local.context import HOST, Cloud
from local.journal import Journal

_APP = "ministack.app"
_CORE = "ministack.core.persistence"
_ATTEMPTS = 5  # a service may change while it is read
_SMALL = 4096  # characters
_MARKER = "laptop-cloud"
_STACKS = "cloudformation"
_OBJECTS = "s3"  # is there before any stack is, so that its absence tells of damage
_READS = ("GET", "HEAD")
logger = logging.getLogger("local.persistence")


class NotAStateDirectory(RuntimeError):
    """The folder given for state holds something else."""


def prepare(cloud: Cloud, *, fresh: bool) -> None:
    """Make the state directory; `fresh` empties it.

    Raises NotAStateDirectory for a folder with other content: this module deletes files.
    """
    folder = cloud.state_dir
    ours = any(folder.glob(f"{_MARKER}*"))
    if folder.exists() and not ours and any(folder.iterdir()):
        raise NotAStateDirectory(f"{folder} is not empty and not a laptop cloud's state directory")
    if fresh and ours:
        shutil.rmtree(folder)
    (folder / "state").mkdir(parents=True, exist_ok=True)


def take_up(cloud: Cloud) -> None:
    """Make what an earlier run left fit to be loaded: whole files, the present port in addresses.

    Raises Damaged for a file that cannot be used and has no copy that can.
    """
    marker = cloud.state_dir / _MARKER
    before = durable.read(marker, _port)
    folder = cloud.state_dir / "state"
    for draft in (*cloud.state_dir.glob("*.tmp"), *folder.glob("*.tmp")):
        draft.unlink()
    names = {file.name.removesuffix(durable.COPY) for file in folder.glob("*.json*")}
    for name in sorted(name for name in names if name.endswith(".json")):
        durable.read(folder / name, _state)
    if before is not None and before != cloud.port:
        address = re.compile(rf"{re.escape(HOST)}:{before}(?!\d)")
        for file in folder.glob("*.json"):
            text = file.read_text(encoding="utf-8")
            durable.write(file, address.sub(f"{HOST}:{cloud.port}", text))
    durable.write(marker, f"{cloud.port}\n")
    objects = cloud.state_dir / "s3"
    deployed = (folder / f"{_STACKS}.json").exists()
    if deployed and any(objects.glob("*/*")) and not (folder / "s3.json").exists():
        raise durable.Damaged(
            f"{folder / 's3.json'} and its copy are missing, though there are objects in "
            f"{objects}: put a good copy in its place, or start empty with `tagline up --fresh`"
        )
    object_files.settle(objects)


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}\n", text):
        raise ValueError(f"{text!r} is no port")
    return int(text)


def _state(text: str) -> None:
    saved = json.loads(text)
    if not isinstance(saved["payload"], dict):
        raise TypeError("it holds no service's state")


class Snapshots:
    """Writes the services' state when it has changed, and clears the journal of what it holds."""

    def __init__(self, cloud: Cloud, journal: Journal) -> None:
        self._folder = cloud.state_dir / "state"
        self._journal = journal
        self._collect = patching.function(_APP, "_build_persistence_save_dict")
        self._version = patching.function(_CORE, "_state_format_version", "service")
        self._encode = patching.function(_CORE, "_json_default", "obj")
        self._lock = threading.Lock()
        self._written: dict[str, int] = {}
        self._changed = threading.Event()
        self._finished = False
        self._busy = False
        patching.replace(_APP, "save_all", lambda services: None, "services")  # noqa: ARG005

    def watch(self, app: Any) -> Any:
        """Return the application with an eye on the requests that may change something."""

        async def watched(scope: dict[str, Any], receive: Any, send: object) -> None:
            async def received() -> Any:
                message = await receive()
                self._changed.set()  # what a device sends: a shadow, a job's progress
                return message

            try:
                await app(scope, received if scope["type"] == "websocket" else receive, send)
            finally:
                if scope["type"] == "http" and scope["method"] not in _READS:
                    self._changed.set()

        return watched

    def write_changes(self) -> bool:
        """Write what may have changed since the last time; tell whether the disk took it."""
        if self._finished or not (self._changed.is_set() or self._busy):
            return True
        self._changed.clear()
        try:
            self._write()
        except OSError as exc:
            logger.warning("the state could not be written: %s; trying again", exc)
            self._busy = True
            return False
        return True

    def finish(self) -> None:
        """Write once more and never again: what happens while stopping is not to be kept."""
        self._finished = True
        self._journal.close()
        try:
            self._write()
            self._journal.copy()
        except OSError as exc:
            logger.warning("the last changes could not be written: %s", exc)

    def _write(self) -> None:
        with self._lock:
            journalled = self._journal.newest()
            services = self._collect()
            # a stack is read before and written after what it consists of: a kill in between
            # leaves no stack whose resources nobody knows
            first = {name: services[name] for name in (_STACKS,) if name in services}
            texts = {name: self._text(name, read) for name, read in {**first, **services}.items()}
            changed = [
                self._write_service(name, text)
                for name, text in reversed(texts.items())
                if text is not None
            ]
            if len(changed) == len(texts):
                self._journal.forget(journalled)
        # a run goes on without requests; look again until it is quiet
        self._busy = any(changed) or len(changed) < len(texts)

    def _text(self, name: str, read: Any) -> str | None:
        """Return a service's state as it is written, '' without one, None if it kept changing."""
        for _ in range(_ATTEMPTS):
            try:
                state = read()
                wrapped = {"__ministack_format__": self._version(name), "payload": state}
                return "" if state is None else json.dumps(wrapped, default=self._encode)
            except RuntimeError:  # "dictionary changed size during iteration"
                continue
        logger.warning("state of %s kept changing; written at the next turn", name)
        return None

    def _write_service(self, name: str, text: str) -> bool:
        digest = hash(text)
        file = self._folder / f"{name}.json"
        if not text or self._written.get(name) == digest:
            return False
        if name != _OBJECTS and not file.exists() and _says_nothing(text):
            return False
        durable.write(file, text)
        self._written[name] = digest
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
