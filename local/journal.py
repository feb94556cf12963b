"""What the laptop cloud has answered for and its state files do not hold yet."""

import json
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.durable import DAMAGED

logger = logging.getLogger("local.journal")
Entry = dict[str, Any]


class Journal:
    """Numbered entries in a SQLite file; they outlive a kill, those written `durably` a crash."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._closed = False
        try:
            self._db = _opened(file)
        except sqlite3.DatabaseError as exc:
            logger.warning(
                "%s is damaged (%s) and is begun anew, kept as *%s: of the last seconds before "
                "the cloud stopped, executions may be missing",
                file,
                exc,
                DAMAGED,
            )
            for part in (file, file.with_name(f"{file.name}-wal")):
                if part.exists():
                    part.replace(part.with_name(f"{part.name}{DAMAGED}"))
            file.with_name(f"{file.name}-shm").unlink(missing_ok=True)
            self._db = _opened(file)

    def append(self, entry: Entry, *, durably: bool = False) -> None:
        """Write an entry; raises OSError when it cannot be written."""
        text = json.dumps(entry)
        with self._using() as db:
            if not self._closed:
                db.execute(f"PRAGMA synchronous={'FULL' if durably else 'NORMAL'}")
                db.execute("INSERT INTO entries (entry) VALUES (?)", (text,))

    def close(self) -> None:
        """Take no more entries: what happens while the cloud stops did not happen."""
        with self._lock:
            self._closed = True

    def entries(self) -> list[Entry]:
        """Return all entries, oldest first; raises OSError."""
        with self._using() as db:
            found = db.execute("SELECT entry FROM entries ORDER BY number").fetchall()
        return [json.loads(text) for (text,) in found]

    def newest(self) -> int:
        """Return the number of the newest entry; raises OSError."""
        with self._using() as db:
            (newest,) = db.execute("SELECT max(number) FROM entries").fetchone()
        return newest or 0

    def forget(self, number: int) -> None:
        """Drop the entries up to a number; raises OSError."""
        with self._using() as db:
            db.execute("DELETE FROM entries WHERE number <= ?", (number,))

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as exc:
                raise OSError(f"the journal: {exc}") from exc


def _opened(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(
        "CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT)"
    )
    (found,) = db.execute("PRAGMA quick_check").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)
    return db
