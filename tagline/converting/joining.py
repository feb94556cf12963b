"""A database of one conversion, in a temporary file: memory stays small whatever the source is."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def scratch(schema: str) -> Iterator[sqlite3.Connection]:
    """Open an empty database of a schema that is gone afterwards."""
    base = sqlite3.connect("", isolation_level=None)  # "": on disk, once it is large
    try:
        base.execute("PRAGMA journal_mode = OFF")
        base.execute("PRAGMA synchronous = OFF")
        base.executescript(schema)
        base.execute("BEGIN")
        yield base
    finally:
        base.close()
