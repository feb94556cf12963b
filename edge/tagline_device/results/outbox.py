"""Results that wait to be delivered, in SQLite: in order, numbered for ever, within bounds.

Written ahead (WAL), so that a reader never waits, and with synchronous=FULL: a result counts once
its transaction is on the disk, before anybody may send it. With NORMAL a power cut could take back
the last transactions, and their numbers would be given to other results after the old ones had
been delivered. At some results a second the fsync costs nothing that one notices.
"""

import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tagline_device.disk import sync_folder

_TABLES = """
CREATE TABLE IF NOT EXISTS waiting (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_SEQUENCE, _DROPPED = "sequence", "dropped"


@dataclass(frozen=True)
class Waiting:
    """A result that waits: its number and its message without it."""

    sequence: int
    body: bytes


class Outbox:
    """The results of one device; may be used by several threads."""

    def __init__(self, path: Path, rows: int, size: int) -> None:
        """Open the file, or make it; at most `rows` results of `size` bytes together are kept."""
        self._lock = threading.Lock()
        self._rows, self._size = rows, size
        self._base = _opened(path)
        found = self._base.execute("SELECT COUNT(*), COALESCE(SUM(LENGTH(body)), 0) FROM waiting")
        self._held, self._bytes = map(int, found.fetchone())

    @property
    def waiting(self) -> int:
        """Return how many results wait."""
        return self._held

    @property
    def dropped(self) -> int:
        """Return how many were dropped, ever."""
        return self.number(_DROPPED)

    def put(self, body: bytes) -> int:
        """Keep a result for good and return its sequence; the oldest go where there is no room."""
        with self._lock, self._base:
            sequence = self._counted(_SEQUENCE)
            self._base.execute("INSERT INTO waiting VALUES (?, ?)", (sequence, body))
            held, size, dropped = self._held + 1, self._bytes + len(body), 0
            while held > 1 and (held > self._rows or size > self._size):
                oldest = self._base.execute(
                    "DELETE FROM waiting WHERE sequence = (SELECT MIN(sequence) FROM waiting) "
                    "RETURNING LENGTH(body)"
                ).fetchall()
                held, size, dropped = held - 1, size - oldest[0][0], dropped + 1
            if dropped:
                self._counted(_DROPPED, dropped)
        self._held, self._bytes = held, size
        return sequence

    def after(self, sequence: int, most: int) -> list[Waiting]:
        """Return the oldest results with a higher number, in order, at most so many."""
        with self._lock:
            rows = self._base.execute(
                "SELECT sequence, body FROM waiting WHERE sequence > ? ORDER BY sequence LIMIT ?",
                (sequence, most),
            ).fetchall()
        return [Waiting(*row) for row in rows]

    def delivered(self, sequences: list[int]) -> None:
        """Forget results that were taken; one that was dropped on its way is not lost after all."""
        if not sequences:
            return
        with self._lock:
            with self._base:
                gone = [
                    row[0]
                    for sequence in sequences
                    for row in self._base.execute(
                        "DELETE FROM waiting WHERE sequence = ? RETURNING LENGTH(body)", (sequence,)
                    ).fetchall()
                ]
                if len(gone) < len(sequences):
                    self._counted(_DROPPED, len(gone) - len(sequences))
            self._held -= len(gone)
            self._bytes -= sum(gone)

    def number(self, name: str) -> int:
        """Return what was counted under a name."""
        with self._lock:
            row = self._base.execute("SELECT value FROM numbers WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def count(self, name: str) -> int:
        """Count one more under a name, for good; return how many."""
        with self._lock, self._base:
            return self._counted(name)

    def forget_counts(self, prefix: str, but: str) -> None:
        """Delete what was counted under names that begin so, but for one."""
        with self._lock, self._base:
            self._base.execute(
                "DELETE FROM numbers WHERE name GLOB ? AND name != ?", (f"{prefix}*", but)
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def _counted(self, name: str, more: int = 1) -> int:
        row = self._base.execute(
            "INSERT INTO numbers VALUES (?, ?) ON CONFLICT (name) DO UPDATE "
            "SET value = value + excluded.value RETURNING value",
            (name, more),
        ).fetchall()
        return int(row[0][0])


def _opened(path: Path) -> sqlite3.Connection:
    """Return the file's connection. A damaged file is put aside and a new one begun.

    Its numbers then begin at the seconds since 1970, which no device reaches by counting: none is
    given twice.
    """
    try:
        return _connection(path)
    except sqlite3.OperationalError:  # it is locked, or cannot be reached: nothing of the file
        raise
    except sqlite3.DatabaseError:
        for ending in ("", "-wal", "-shm"):
            file = path.with_name(path.name + ending)
            if file.exists():
                file.replace(path.with_name(f"{path.name}.damaged{ending}"))
        base = _connection(path)
        with base:
            base.execute("INSERT INTO numbers VALUES (?, ?)", (_SEQUENCE, int(time.time())))
        return base


def _connection(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, check_same_thread=False, timeout=10)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = FULL")
        base.executescript(_TABLES)
        _check(base)
    except sqlite3.DatabaseError:
        base.close()
        raise
    sync_folder(path.parent)
    return base


def _check(base: sqlite3.Connection) -> None:
    said = base.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise sqlite3.DatabaseError(said)
