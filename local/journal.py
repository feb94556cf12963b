"""What the laptop cloud has answered for and its state files do not hold (yet)."""

import json
import logging
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from local.durable import COPY, DAMAGED

logger = logging.getLogger("local.journal")
Entry = dict[str, Any]


class Journal:
    """Numbered entries and named records in a SQLite file, which outlive a kill.

    What is written `durably` outlives a crash of the machine too.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._closed = False
        try:
            self._db = _opened(file)
        except sqlite3.DatabaseError as exc:
            self._db = self._mended(exc)

    def _mended(self, reason: Exception) -> sqlite3.Connection:
        """Set the damaged file aside and go on with the copy of the last clean stop."""
        told = "%s is damaged (%s) and kept as *%s: what happened %s is missing"
        for part in (self._file, _beside(self._file, "-wal")):
            if part.exists():
                part.replace(_beside(part, DAMAGED))
        _beside(self._file, "-shm").unlink(missing_ok=True)
        copy = _beside(self._file, COPY)
        try:
            if copy.exists():
                shutil.copyfile(copy, self._file)
            db = _opened(self._file)
        except sqlite3.DatabaseError:
            self._file.unlink()
            logger.warning(told, self._file, reason, DAMAGED, "before")
            return _opened(self._file)
        since = "after the last clean stop" if copy.exists() else "before"
        logger.warning(told, self._file, reason, DAMAGED, since)
        return db

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

    def copy(self) -> None:
        """Write the copy that is taken should the file be damaged; raises OSError."""
        draft = _beside(self._file, ".tmp")
        draft.unlink(missing_ok=True)
        with self._using() as db, closing(sqlite3.connect(draft)) as other:
            db.backup(other)
        draft.replace(_beside(self._file, COPY))

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

    def keep(
        self, records: Mapping[str, Entry], gone: Iterable[str], *, durably: bool = True
    ) -> None:
        """Keep records by name, for good, and drop others; raises OSError."""
        rows = [(name, json.dumps(record)) for name, record in records.items()]
        with self._using() as db:
            db.execute(f"PRAGMA synchronous={'FULL' if durably else 'NORMAL'}")
            db.execute("BEGIN")
            try:
                db.executemany("INSERT OR REPLACE INTO records VALUES (?, ?)", rows)
                db.executemany("DELETE FROM records WHERE name = ?", [(name,) for name in gone])
                db.execute("COMMIT")
            except sqlite3.Error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def records(self) -> list[Entry]:
        """Return the records that are kept; raises OSError."""
        with self._using() as db:
            found = db.execute("SELECT record FROM records").fetchall()
        return [json.loads(text) for (text,) in found]

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as exc:
                raise OSError(f"the journal: {exc}") from exc


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(f"{file.name}{suffix}")


def _opened(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(
        "CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT)"
    )
    db.execute("CREATE TABLE IF NOT EXISTS records (name TEXT PRIMARY KEY, record TEXT)")
    (found,) = db.execute("PRAGMA quick_check").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)
    return db
