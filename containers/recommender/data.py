"""The channels' files, read into arrays: users and items are numbers from here on."""

import csv
import gzip
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from tagline.formats.ratings import COLUMNS
from trainer.contract import JobRefused

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Histories:
    """What each of U users rated, the newest last, one after the other.

    A user's are `items[starts[user]:starts[user + 1]]`, `starts` (U + 1,).
    """

    items: Integers
    starts: Integers

    @classmethod
    def of(cls, users: Integers, items: Integers, count: int) -> "Histories":
        """Return the histories of `count` users from ratings (n,), the newest last.

        Of an item that a user rated several times the newest counts.
        """
        pairs = users * (int(items.max(initial=0)) + 1) + items
        _, last = np.unique(pairs[::-1], return_index=True)
        kept = np.sort(len(pairs) - 1 - last)
        users, items = users[kept], items[kept]
        by_user = np.argsort(users, kind="stable")
        ends = np.cumsum(np.bincount(users, minlength=count))
        return cls(items[by_user], np.concatenate([[0], ends]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, user: int) -> Integers:
        return self.items[self.starts[user] : self.starts[user + 1]]

    @property
    def lengths(self) -> Integers:
        """Items of each history, (U,)."""
        return np.diff(self.starts)


@dataclass
class Names:
    """The numbers that users and items get as they are met, over several files."""

    users: dict[str, int] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ratings:
    """The rows of a file, (n,) each, the newest last: who rated what."""

    users: Integers
    items: Integers

    def __len__(self) -> int:
        return len(self.users)


def read_ratings(folder: Path, what: str, names: Names) -> Ratings:
    """Return the ratings of a channel: `ratings.csv.gz` or `ratings.csv` in a folder.

    They are put in the order of their times where all have one, else they stay in the file's.
    Raises JobRefused naming `what`, the file and the line where it cannot be read.
    """
    path = found(folder, "ratings.csv", what)
    users, items, times = array("q"), array("q"), array("q")
    for number, row in _rows(path, what, COLUMNS):
        user, item, _, time = row
        users.append(names.users.setdefault(user, len(names.users)))
        items.append(names.items.setdefault(item, len(names.items)))
        if time:
            try:
                times.append(int(time))
            except (ValueError, OverflowError) as exc:
                raise JobRefused(f"{what}: {path.name}, line {number}: timestamp {exc}") from exc
    if not users:
        raise JobRefused(f"{what}: {path.name} holds no rating")
    who, which = np.array(users, np.int64), np.array(items, np.int64)
    if len(times) == len(users):
        order = np.argsort(np.array(times, np.int64), kind="stable")
        who, which = who[order], which[order]
    return Ratings(who, which)


def read_titles(folder: Path, what: str) -> dict[str, str]:
    """Return the titles of items, by id, of those that have one; raise JobRefused as above."""
    path = found(folder, "items.csv", what)
    return {item: title for _, (item, title) in _rows(path, what, ("item", "title")) if title}


def found(folder: Path, name: str, what: str) -> Path:
    """Return a file of a folder, gzipped or not; raise JobRefused where there is none."""
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise JobRefused(f"{what} has no file {name} or {name}.gz (looked for {folder / name})")


def _rows(path: Path, what: str, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows after the header with their line numbers."""
    try:
        with _opened(path) as file:
            lines = csv.reader(file)
            if (head := next(lines, None)) != list(columns):
                raise JobRefused(
                    f"{what}: {path.name} must begin with {','.join(columns)}, found "
                    f"{','.join(head or ())!r:.80}"
                )
            for row in lines:
                if len(row) != len(columns):
                    raise JobRefused(
                        f"{what}: {path.name}, line {lines.line_num}: {len(row)} columns, "
                        f"{len(columns)} are needed"
                    )
                yield lines.line_num, row
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as exc:
        raise JobRefused(f"{what}: {path.name} cannot be read: {exc}") from exc


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        yield file
