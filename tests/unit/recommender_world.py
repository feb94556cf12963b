"""Ratings with a planted structure: who likes one item of a group likes the others of it."""

import csv
import gzip
import io
from pathlib import Path

import numpy as np

GROUPS, ITEMS_A_GROUP = 4, 6
Row = tuple[str, str, str, str]


def ratings(users: int = 60, each: int = 7, seed: int = 0) -> list[Row]:
    """Return rows in the order of time: most of a user's items are of the user's own group."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        own = np.arange(ITEMS_A_GROUP) + ITEMS_A_GROUP * (user % GROUPS)
        chosen = [*rng.permutation(own)[: each - 2], *rng.integers(0, GROUPS * ITEMS_A_GROUP, 2)]
        rows += [
            (f"u{user}", f"i{item}", time)
            for item, time in zip(chosen, rng.random(each), strict=True)
        ]
    rows.sort(key=lambda row: row[2])
    return [(user, item, "1", str(1_000_000 + n)) for n, (user, item, _) in enumerate(rows)]


def write_channel(folder: Path, rows: list[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ratings.csv.gz").write_bytes(
        gzip.compress(table(("user", "item", "rating", "timestamp"), rows))
    )


def write_items(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(f"i{item}", f"<Item> {item}, of group {item // ITEMS_A_GROUP}") for item in range(24)]
    (folder / "items.csv").write_bytes(table(("item", "title"), rows))


def table(head: tuple[str, ...], rows: "list[Row] | list[tuple[str, str]]") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode()


def write_channels(data: Path, rows: list[Row] | None = None) -> None:
    """Write train, validation, test and items; a tenth each is the test and the validation."""
    rows = ratings() if rows is None else rows
    first, second = int(len(rows) * 0.8), int(len(rows) * 0.9)
    write_channel(data / "train", rows[:first])
    write_channel(data / "validation", rows[first:second])
    write_channel(data / "test", rows[second:])
    write_items(data / "items")
