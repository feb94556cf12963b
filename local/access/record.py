"""Which principal used which action on which resource, and what decided: `access.jsonl`."""

import json
import logging
import logging.handlers
import threading
import time
from pathlib import Path

from local.access.need import Need

FILE = "access.jsonl"
_BYTES, _FILES = 8 << 20, 3  # a file's size, and how many older ones are kept
_REMEMBERED = 50_000  # calls that are not written again


class Record:
    """Appends each new kind of call once: the same principal, action, resource and decision."""

    def __init__(self, state_dir: Path) -> None:
        self._file = logging.handlers.RotatingFileHandler(
            state_dir / FILE, maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8", delay=True
        )
        self._lock = threading.Lock()
        self._seen: set[tuple[str, str, str, str, str]] = set()

    def add(self, principal: str, need: Need, decision: str, statement: str) -> None:
        """Keep one decision; a record that the disk has no room for is lost."""
        context = json.dumps(need.context, sort_keys=True)
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
                "by": statement,
            },
            ensure_ascii=False,
        )
        self._file.handle(logging.LogRecord("access", logging.INFO, "", 0, line, None, None))
