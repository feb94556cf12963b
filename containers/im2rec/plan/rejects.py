"""The rows of a plan that stay out, on disk."""

from collections.abc import Iterator

from im2rec.plan.tables import Tables
from tagline.formats.document import decode_record, encode_record
from tagline.formats.rows import Reject

_COLUMNS = {"line": "UBIGINT", "body": "BLOB"}
_KEPT = 10_000  # until they are written


class StoredRejects:
    """`tagline.planning.store.Rejects` in a table, which may be added to in any order."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._new: list[tuple[int, bytes]] = []
        self._count = 0
        tables.make("rejects", _COLUMNS)

    def append(self, reject: Reject) -> None:
        """Add one."""
        self._new.append((reject.line, encode_record(reject)))
        self._count += 1
        if len(self._new) == _KEPT:
            self._write()

    def __len__(self) -> int:
        """Return their number."""
        return self._count

    def __iter__(self) -> Iterator[Reject]:
        """Yield them in the list's order."""
        self._write()
        for (body,) in self._tables.rows("SELECT body FROM rejects ORDER BY line"):
            yield decode_record(body, Reject, "a reject")

    def _write(self) -> None:
        self._tables.add("rejects", _COLUMNS, self._new)
        self._new = []
