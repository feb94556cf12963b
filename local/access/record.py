"""Which principal used which action on which resource, and what decided: `access.jsonl`."""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import IO

from local.access.need import Need

FILE = "access.jsonl"
_BYTES, _FILES = 8 << 20, 3  # a file's size, and how many older ones are kept
_REMEMBERED = 50_000  # calls that are not written again


class Record:
    """Appends each new kind of call once: the same principal, action, resource and decision."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE
        self._file: IO[bytes] | None = None
        self._size = 0
        self._lock = threading.Lock()
        self._seen: set[tuple[str, str, str, str, str]] = set()

    def add(self, principal: str, need: Need, decision: str, by: Callable[[], str]) -> None:
        """Keep one decision, and what it is by; one that the disk has no room for is lost."""
        context = json.dumps(need.context, sort_keys=True) if need.context else ""
        known = (principal, need.action, need.resource, decision, context)
        with self._lock:
            if known in self._seen:
                return
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen.add(known)
            line = json.dumps(
                {
                    "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                    "principal": principal,
                    "action": need.action,
                    "resource": need.resource,
                    "context": dict(need.context),
                    "decision": decision,
                    "by": by(),
                },
                ensure_ascii=False,
            )
            with contextlib.suppress(OSError):
                self._write(f"{line}\n".encode())

    def _write(self, line: bytes) -> None:
        if self._file is None:
            self._file = self._opened()
        if self._size + len(line) > _BYTES:
            self._file.close()
            self._file = None
            self._shift()
            self._file = self._opened()
        self._file.write(line)
        self._size += len(line)

    def _opened(self) -> IO[bytes]:
        file = self._path.open("ab", buffering=0)
        self._size = file.tell()
        return file

    def _shift(self) -> None:
        """Make the full file the newest of the older ones."""
        kept = [self._path, *(self._path.with_name(f"{FILE}.{n}") for n in range(1, _FILES + 1))]
        for newer, older in reversed(list(pairwise(kept))):
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)
