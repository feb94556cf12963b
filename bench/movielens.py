"""MovieLens-100k, fetched where it may be and kept in build/; cut into what trains and what judges.

Its terms forbid handing it on and commercial use: it is in no repository and no image, but a public
package that we do not install (recbole, as a library of recommenders) has it as an example.
"""

import csv
import gzip
import subprocess
import zipfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
PACKAGE = "recbole==1.2.1"
_WHEEL = "recbole-1.2.1-py3-none-any.whl"
_SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
_FILE = "recbole/dataset_example/ml-100k/ml-100k.inter"
Row = tuple[str, str, str, str]


def fetch(folder: Path) -> list[Row]:
    """Return all ratings, the oldest first; fetches the wheel once."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / _WHEEL
    if not wheel.is_file():
        command = ("-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE)
        subprocess.run([ROOT / ".venv/bin/python", *command], check=True)
    if sha256(wheel.read_bytes()).hexdigest() != _SHA256:
        raise SystemExit(f"{wheel} is not the file that was measured with")
    with zipfile.ZipFile(wheel) as files:
        lines = files.read(_FILE).decode().splitlines()[1:]
    ratings: list[Row] = [tuple(line.split("\t")) for line in lines]  # type: ignore[misc]
    ratings.sort(key=lambda row: int(row[3]))
    return ratings


def by_time(rows: Sequence[Row]) -> tuple[list[Row], ...]:
    """Return training, validation and test: the last tenth, the one before, and the rest."""
    first, second = int(len(rows) * 0.8), int(len(rows) * 0.9)
    return list(rows[:first]), list(rows[first:second]), list(rows[second:])


def by_chance(rows: Sequence[Row], seed: int) -> tuple[list[Row], ...]:
    """Return the same by a draw: a quarter is the test, a tenth of all the validation."""
    place = np.random.default_rng(seed).permutation(len(rows))
    ends = [len(rows) // 4, len(rows) // 4 + len(rows) // 10]
    test, validation, train = (np.sort(part).tolist() for part in np.split(place, ends))
    return tuple([rows[n] for n in part] for part in (train, validation, test))


def write(folder: Path, rows: Sequence[Row]) -> None:
    """Write a channel."""
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / "ratings.csv.gz", "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("user", "item", "rating", "timestamp"))
        writer.writerows(rows)


def synthetic(ratings: int, users: int = 6_000, items: int = 5_000) -> list[Row]:
    """Return so many drawn ratings: items of 40 groups, users who like some of them."""
    rng = np.random.default_rng(0)
    group, popular = rng.integers(0, 40, items), np.arange(1, items + 1) ** -0.8
    rng.shuffle(popular)
    lengths = np.maximum(20, rng.lognormal(4.6, 0.9, users))
    counts = np.minimum((lengths / lengths.sum() * ratings * 1.08).astype(int), items // 2)
    rows = []
    for user, count in enumerate(counts.tolist()):
        liked = np.isin(group, rng.integers(0, 40, 4))
        chance = popular * np.where(liked, 12, 1)
        chosen = rng.choice(items, count, replace=False, p=chance / chance.sum())
        times = rng.integers(1_000_000_000, 1_100_000_000, count)
        rows += [(f"u{user}", f"i{i}", "1", str(t)) for i, t in zip(chosen, times, strict=True)]
    rows.sort(key=lambda row: int(row[3]))
    return rows[:ratings]
