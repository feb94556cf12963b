"""DuckDB as a plan uses it: tables on disk, filled and read in chunks of Python's values."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from tagline.formats.machine import cores

_CHUNK = 1 << 15  # rows that are Python's values at a time
_MOST_THREADS = 4  # each sorts in memory of its own
_MEMORY = 384 << 20  # bytes, of the engine for any list
_MEMORY_ROW = 100  # and for each row, so that a sort spills only a few times
_MOST_MEMORY = 6 << 30  # of the task's 16 GiB; contents and their sides take up to 5 of the others
_NUMBERS = {"UBIGINT": np.uint64, "UINTEGER": np.uint32, "UTINYINT": np.uint8}


class Tables:
    """A database in a folder, which whoever made the folder removes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        told: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": str(folder / "spilled"),
            "threads": min(cores(), _MOST_THREADS),
        }
        self._connection = duckdb.connect(str(folder / "plan.duckdb"), config=told)
        self.expect(0)

    def expect(self, rows: int) -> None:
        """Take as much memory as so many rows need; what needs more goes through the disk."""
        most = min(_MEMORY + _MEMORY_ROW * rows, _MOST_MEMORY)
        self.run(f"SET memory_limit = '{most >> 20}MiB'")

    def run(self, statement: str, *values: Any) -> None:
        """Execute a statement."""
        self._connection.execute(statement, list(values) or None)

    def rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Yield a query's rows, a chunk in memory at a time; other statements may run meanwhile."""
        found = self._connection.cursor().execute(query, list(values) or None)
        while chunk := found.fetchmany(_CHUNK):
            yield from chunk

    def number(self, query: str, *values: Any) -> int:
        """Return the one number that a query asks for."""
        return int(next(self.rows(query, *values))[0])

    def make(self, table: str, columns: Mapping[str, str]) -> None:
        """Make an empty table, in place of one of that name; `columns` are types by name."""
        names = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        self.run(f"CREATE OR REPLACE TABLE {table} ({names})")

    def fill(self, table: str, columns: Mapping[str, str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Make a table of rows."""
        self.make(table, columns)
        rows = iter(rows)
        while chunk := list(islice(rows, _CHUNK)):
            self.add(table, columns, chunk)

    def add(self, table: str, columns: Mapping[str, str], rows: list[tuple[Any, ...]]) -> None:
        """Add rows to a table."""
        if rows:
            self.put(
                table,
                {
                    name: np.array(column, dtype=_NUMBERS.get(kind, object))
                    for (name, kind), column in zip(
                        columns.items(), zip(*rows, strict=True), strict=True
                    )
                },
            )

    def put(self, table: str, arrays: Mapping[str, Any]) -> None:
        """Add columns to a table, each an array."""
        self._connection.register("arrays", dict(arrays))
        self.run(f"INSERT INTO {table} SELECT * FROM arrays")
        self._connection.unregister("arrays")

    def drop(self, *tables: str) -> None:
        """Forget tables."""
        for table in tables:
            self.run(f"DROP TABLE {table}")

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()
