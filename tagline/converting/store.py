"""The images of a conversion: each path once, with its tags and an id that comes of its path."""

import hashlib
import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

ID_BITS = 53  # so that every program reads it, those that hold numbers as doubles too
SCHEMA = """
CREATE TABLE image (
    number INTEGER PRIMARY KEY, path TEXT UNIQUE, line INTEGER, id INTEGER, tags BLOB
);
"""
_SIGNED = 1 << 63  # SQLite's integers have a sign, a list's ids have none


class Image(NamedTuple):
    """An image, and the numbers of its tags among the names found, each once, rising."""

    id: int
    path: str
    tags: list[int]


class Collision(NamedTuple):
    """Two paths with one id: `moved` has another one now."""

    kept: str
    moved: str


def image_id(path: str, attempt: int = 0, bits: int = ID_BITS) -> int:
    """Return the id of a path: always the same; `attempt` is for ids that another path has."""
    told = path.encode() + b"\0" * attempt
    digest = hashlib.blake2b(told, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - bits)


class Store:
    """Images in a database of SCHEMA, in the order in which they were told first."""

    def __init__(self, base: sqlite3.Connection, bits: int = ID_BITS) -> None:
        self._base = base
        self._bits = bits
        self._numbers: dict[str, int] = {}
        self.without_ending = 0
        """Images whose names have no dot."""

    @property
    def names(self) -> list[str]:
        """The tags that were told, by number."""
        return list(self._numbers)

    def name(self, tags: Iterable[str]) -> list[int]:
        """Return the numbers of tags; new ones get one."""
        return [self._numbers.setdefault(tag, len(self._numbers)) for tag in tags]

    def add(
        self, path: str, line: int, tags: Iterable[str], given: int | None = None
    ) -> int | None:
        """Keep an image; return the line that told it before, where its tags are joined.

        `given` is an id that it has already.
        """
        packed = array("I", self.name(tags)).tobytes()
        number = image_id(path, bits=self._bits) if given is None else given
        signed = number - 2 * _SIGNED if number >= _SIGNED else number
        added = self._base.execute(
            "INSERT OR IGNORE INTO image (path, line, id, tags) VALUES (?, ?, ?, ?)",
            (path, line, signed, packed),
        )
        if added.rowcount:
            self.without_ending += "." not in path.rpartition("/")[2]
            return None
        self._base.execute(
            "UPDATE image SET tags = CAST(tags || ? AS BLOB) WHERE path = ?", (packed, path)
        )
        ((before,),) = self._base.execute("SELECT line FROM image WHERE path = ?", (path,))
        return int(before)

    def settle_ids(self) -> list[Collision]:
        """Give paths whose ids are another's new ones, the same whatever order they came in.

        Of paths with one id the first by name keeps it.
        """
        taken = "SELECT id FROM image GROUP BY id HAVING COUNT(*) > 1 ORDER BY id"
        moved = []
        for (number,) in self._base.execute(taken).fetchall():
            paths = self._base.execute(
                "SELECT path FROM image WHERE id = ? ORDER BY path", (number,)
            ).fetchall()
            for (path,) in paths[1:]:
                self._move(path)
                moved.append(Collision(paths[0][0], path))
        return moved

    def _move(self, path: str) -> None:
        attempt = 1
        while True:
            number = image_id(path, attempt, self._bits)
            if not self._base.execute("SELECT 1 FROM image WHERE id = ?", (number,)).fetchall():
                self._base.execute("UPDATE image SET id = ? WHERE path = ?", (number, path))
                return
            attempt += 1

    def images(self) -> Iterator[Image]:
        """Yield the images in their order."""
        rows = self._base.execute("SELECT id, path, tags FROM image ORDER BY number")
        for signed, path, packed in rows:
            number = signed + 2 * _SIGNED if signed < 0 else signed
            yield Image(number, path, sorted(set(array("I", packed))))

    def __len__(self) -> int:
        """Return the number of images."""
        ((count,),) = self._base.execute("SELECT COUNT(*) FROM image")
        return int(count)
