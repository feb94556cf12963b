"""The kernel of a plan, by engines that may do it: what decision 062 was made by.

`uv run --with duckdb==2.0.1 --with polars==2.1.0 --with pyspark==4.3.0
bench/bench_plan_engines.py [ROWS]` runs each engine in a process of its own: rows (id, key, labels)
without repeats of a key, those that a listing (key, etag, size) has, in the order of a hash of the
id; and each content (etag) with the labels of all its rows. Each prints the same digest of what it
came to. CPU seconds and the peak of resident memory are of all its processes together.
"""

import functools
import heapq
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from process_memory import MemoryWatch

ENGINES = ("duckdb", "polars", "pyspark", "python")
_PARTS = 16  # of Map and Reduce
_EVERY = 97  # rows that repeat an earlier one's key, or are not in the listing


def main() -> int:
    """Measure all engines, or be one."""
    if len(sys.argv) == 4:  # noqa: PLR2004
        return _one(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print("| engine | s | CPU s | peak MiB | digest |\n|---|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), rows)
        for engine in ENGINES:
            work = Path(folder, engine)
            work.mkdir()
            started = time.monotonic()
            command = [sys.executable, __file__, engine, folder, str(rows)]
            done = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=work)
            with MemoryWatch(done.pid, root=engine, every=0.1) as watch:
                said, _ = done.communicate()
            cpu = sum(seconds for _, seconds in watch.cpu())
            print(
                f"| {engine} | {time.monotonic() - started:.0f} | {cpu:.0f} "
                f"| {watch.together / 1024:,.0f} | {said.split()[-1]} |",
                flush=True,
            )
    return 0


def _one(engine: str, folder: Path, rows: int) -> int:
    found: tuple[int, int, int] = globals()[f"_{engine}"](folder, rows)
    print("-".join(map(str, found)))
    return 0


def _write(folder: Path, rows: int) -> None:
    with (folder / "list.tsv").open("w") as file, (folder / "s3.tsv").open("w") as listing:
        for row in range(rows):
            key = row - 1 if row % _EVERY == 1 else row
            bits = int.from_bytes(blake2b(b"%d" % (row % 5000), digest_size=7).digest()) >> 6
            file.write(f"{row}\timages/{key:09d}.png\t{bits}\n")
            if row % _EVERY != 2:  # noqa: PLR2004
                etag = blake2b(b"%d" % (row // 2), digest_size=16).hexdigest()
                listing.write(f"images/{row:09d}.png\t{etag}\t{1000 + row % 7}\n")


_SQL = """
WITH once AS (
  SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY path ORDER BY id) AS n FROM list)
  WHERE n = 1
), found AS (SELECT o.id, o.bits, s.etag, s.size FROM once o JOIN s3 s ON s.path = o.path)
"""


def _duckdb(folder: Path, _rows: int) -> tuple[int, int, int]:
    import duckdb  # noqa: PLC0415

    db = duckdb.connect("plan.duckdb")
    db.execute("SET memory_limit = '500MB'; SET threads = 2; SET temp_directory = 'spill'")
    tables = {
        "list": "{'id': 'UBIGINT', 'path': 'VARCHAR', 'bits': 'UBIGINT'}",
        "s3": "{'path': 'VARCHAR', 'etag': 'VARCHAR', 'size': 'UBIGINT'}",
    }
    for name, columns in tables.items():
        db.execute(
            f"CREATE TABLE {name} AS FROM read_csv('{folder / f'{name}.tsv'}', delim = '\t', "
            f"header = false, columns = {columns})"
        )
    db.execute(f"CREATE TABLE planned AS {_SQL} SELECT * FROM found ORDER BY hash(id * 2654435761)")
    contents = db.execute("SELECT etag, bit_or(bits) FROM planned GROUP BY etag")
    return _digest(db.cursor().execute("SELECT id FROM planned"), contents)


def _digest(ids: Any, contents: Any) -> tuple[int, int, int]:
    count = different = bits = 0
    while chunk := ids.fetchmany(10_000):
        count += len(chunk)
    while chunk := contents.fetchmany(10_000):
        different += len(chunk)
        for _, labels in chunk:
            bits ^= labels
    return count, different, bits


def _polars(folder: Path, _rows: int) -> tuple[int, int, int]:
    import polars as pl  # noqa: PLC0415

    def read(name: str, columns: dict[str, Any]) -> Any:
        return pl.scan_csv(folder / f"{name}.tsv", separator="\t", has_header=False, schema=columns)

    rows = read("list", {"id": pl.UInt64, "path": pl.String, "bits": pl.UInt64})
    there = read("s3", {"path": pl.String, "etag": pl.String, "size": pl.UInt64})
    planned = (
        rows.sort("id")
        .unique("path", keep="first", maintain_order=True)
        .join(there, on="path")
        .with_columns(rank=pl.col("id").hash())
        .sort("rank")
    )
    planned.sink_parquet("planned.parquet")
    contents = (
        pl.scan_parquet("planned.parquet")
        .group_by("etag")
        .agg(pl.col("bits").bitwise_or())
        .collect(engine="streaming")
    )
    count = pl.scan_parquet("planned.parquet").select(pl.len()).collect().item()
    return count, len(contents), contents["bits"].bitwise_xor()


def _pyspark(folder: Path, _rows: int) -> tuple[int, int, int]:
    from pyspark.sql import SparkSession  # noqa: PLC0415

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "1500m")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "16")
        .getOrCreate()
    )
    for name, columns in (("list", "id LONG, path STRING, bits LONG"),
                          ("s3", "path STRING, etag STRING, size LONG")):  # fmt: skip
        spark.read.csv(str(folder / f"{name}.tsv"), sep="\t", schema=columns).createTempView(name)
    spark.sql(f"{_SQL} SELECT * FROM found ORDER BY xxhash64(id)").write.parquet("planned")
    planned = spark.read.parquet("planned")
    planned.createTempView("planned")
    different, bits = spark.sql(
        "SELECT count(*), bit_xor(bits) FROM "
        "(SELECT etag, bit_or(bits) AS bits FROM planned GROUP BY etag)"
    ).collect()[0]
    count = planned.count()
    spark.stop()
    return count, different, bits


def _python(folder: Path, _rows: int) -> tuple[int, int, int]:
    """Map by hashes of keys into parts, reduce each: what functions over byte ranges would do."""
    for name, column in (("list", 1), ("s3", 0)):
        _map(folder / f"{name}.tsv", name, column)
    with ExitStack() as open_files:
        contents = [
            open_files.enter_context(Path(f"content-{part}").open("wb")) for part in range(_PARTS)
        ]
        for part in range(_PARTS):
            _reduce(part, contents)
    count = sum(1 for _ in heapq.merge(*(_pickled(f"ranked-{part}") for part in range(_PARTS))))
    different = bits = 0
    for part in range(_PARTS):
        for _, group in groupby(sorted(_pickled(f"content-{part}")), lambda row: row[0]):
            different += 1
            bits ^= functools.reduce(int.__or__, (labels for _, labels in group))
    return count, different, bits


def _map(path: Path, name: str, column: int) -> None:
    with ExitStack() as open_files, path.open() as lines:
        files = [
            open_files.enter_context(Path(f"{name}-{part}").open("w")) for part in range(_PARTS)
        ]
        for line in lines:
            key = line.split("\t")[column].encode()
            files[blake2b(key, digest_size=1).digest()[0] % _PARTS].write(line)


def _reduce(part: int, contents: Sequence[BinaryIO]) -> None:
    there = {path: etag for path, etag, _ in _read(f"s3-{part}")}
    first: dict[str, tuple[int, int]] = {}
    for ident, path, labels in _read(f"list-{part}"):
        first.setdefault(path, (int(ident), int(labels)))
    ranked = []
    for path, (number, bits) in first.items():
        if etag := there.get(path):
            ranked.append((blake2b(b"%d" % number, digest_size=8).digest(), number))
            pickle.dump((etag, bits), contents[int(etag[:2], 16) % _PARTS])
    with Path(f"ranked-{part}").open("wb") as file:
        for row in sorted(ranked):
            pickle.dump(row, file)


def _read(name: str) -> Iterator[list[str]]:
    with Path(name).open() as lines:
        for line in lines:
            yield line.rstrip("\n").split("\t")


def _pickled(name: str) -> Iterator[Any]:
    with Path(name).open("rb") as file:
        while True:
            try:
                yield pickle.load(file)  # noqa: S301 - the bench's own
            except EOFError:
                return


if __name__ == "__main__":
    sys.exit(main())
