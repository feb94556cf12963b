"""What a run leaves of ratings: the sides' files, the items, every user's history.

The same ratings always leave the same bytes.
"""

import csv
import gzip
import hashlib
import io
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import IO

from tagline.formats.document import encode_on_a_line
from tagline.formats.ratings import COLUMNS, Histories
from tagline.formats.ratings_keys import partition_of
from tagline.formats.rows import Side
from tagline.ratings.rows import NO_TIME
from tagline.ratings.sides import Divided
from tagline.ratings.table import Table

_SIDES = tuple(Side)
_LEVEL = 4  # of gzip: half the time of 6, and little larger
_OF_A_PARTITION = 4096  # ratings, about
_MOST_PARTITIONS = 1000


class Written:
    """The ids of a table by number, and what of it is written."""

    def __init__(self, table: Table, divided: Divided) -> None:
        self._table, self._divided = table, divided
        self._users, self._items = list(table.users), list(table.items)
        self.items = sorted({table.item[row] for row in divided.order})
        self.users = len({table.user[row] for row in divided.order})
        count = -(-len(divided.order) // _OF_A_PARTITION)
        self.partitions = min(max(count, 1), _MOST_PARTITIONS)

    def write_side(self, side: Side, file: IO[bytes]) -> str:
        """Write a side's ratings, gzip; return the SHA-256 (hex) of the text within."""
        digest = hashlib.sha256()
        with gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
            for text in _in_blocks(self._rows(side)):
                digest.update(text)
                packed.write(text)
        return digest.hexdigest()

    def items_file(self, titles: Mapping[str, str]) -> bytes:
        """Return the accepted items, in the order in which they first came, with their titles."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("item", "title"))
        for number in self.items:
            name = self._items[number]
            writer.writerow((name, titles.get(name, "")))
        return text.getvalue().encode()

    def titled(self, titles: Mapping[str, str]) -> int:
        """Return how many of the accepted items have a title."""
        return sum(self._items[number] in titles for number in self.items)

    def histories(self) -> Iterator[tuple[int, bytes]]:
        """Yield each partition's number and its users' histories, gzip."""
        known = set(self.items)  # no model recommends another
        low = (row for row in self._table.low() if self._table.item[row] in known)
        rated, disliked = self._by_user(self._divided.order), self._by_user(low)
        inside: list[list[int]] = [[] for _ in range(self.partitions)]
        for user in sorted(rated.keys() | disliked.keys()):
            inside[partition_of(self._users[user], self.partitions)].append(user)
        for number, users in enumerate(inside):
            found = Histories(users=self._named(users, rated), low=self._named(users, disliked))
            yield number, gzip.compress(encode_on_a_line(found), _LEVEL, mtime=0)

    def _by_user(self, rows: Iterable[int]) -> "dict[int, array[int]]":
        found: dict[int, array[int]] = {}
        for row in rows:
            found.setdefault(self._table.user[row], array("I")).append(self._table.item[row])
        return found

    def _named(
        self, users: Iterable[int], items: "Mapping[int, array[int]]"
    ) -> dict[str, tuple[str, ...]]:
        return {
            self._users[user]: tuple(self._items[item] for item in items[user])
            for user in users
            if user in items
        }

    def _rows(self, side: Side) -> Iterator[tuple[str, str, str, str]]:
        yield COLUMNS
        table, wanted = self._table, _SIDES.index(side)
        for row in self._divided.order:
            if table.side[row] == wanted:
                time = table.time[row]
                yield (
                    self._users[table.user[row]],
                    self._items[table.item[row]],
                    _plain(table.rating[row]),
                    "" if time == NO_TIME else str(time),
                )


def _in_blocks(rows: Iterator[tuple[str, ...]]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % 4096 == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _plain(rating: float) -> str:
    return str(int(rating)) if rating == int(rating) else repr(rating)
