"""JoinParts alone, of parts that no image was decoded for: CPU time, and the peak of its memory.

`python bench/bench_join.py [ROWS …]` makes parts of 50,000 rows each in a temporary folder and
joins them in a process of its own. With `--moved` some of the near-copies lie on several sides, so
that every record is read and written anew. Prints a Markdown table; from three sizes on how it
grows.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
from folder_store import FolderClient
from growth import growth
from msgspec.structs import replace

from im2rec.run.channels import Channels
from im2rec.run.join import join_run
from im2rec.run.task import Task
from tagline.aws.partitions import write_records
from tagline.aws.s3 import JSON, Bucket
from tagline.formats.document import encode
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.near_copies import BANDS, HEX_DIGITS
from tagline.formats.packed import Part
from tagline.formats.plan import ListVersion, Plan, PlannedShard
from tagline.formats.recordio import pack_record
from tagline.formats.rows import IndexedImage, PlannedRow, Side, Verdict
from tagline.formats.settings import Records, Settings
from tagline.split.memory import SplitFile
from tagline.split.sides import content_hash

SIZES = (25_000, 50_000, 100_000, 200_000)
KEYS = RunKeys("joined-0123456789abcdef")
SHARD, PART = 500, 100  # rows of a shard, shards of a part
IMAGE_BYTES = 300
_NEAR = 0.01  # of the pictures are near-copies of another one
_BANDS, _COMMON = 0.1, 50  # of the bands are one of so many that many pictures have


def main() -> int:
    """Measure each size, or join what lies in a folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", type=int, nargs="*", default=SIZES)
    parser.add_argument("--labels", type=int, default=334)
    parser.add_argument("--file-mib", type=int, default=256)
    parser.add_argument("--moved", action="store_true")
    parser.add_argument("--pictures", type=int, help="of which all images are near-copies")
    parser.add_argument("--join", type=Path, help="a folder with parts")
    options = parser.parse_args()
    if options.join:
        return _join(options.join)
    print("| rows | seconds | CPU, s | peak, MiB | record files | moved |")
    print("|---:|---:|---:|---:|---:|---:|")
    measured = []
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="tagline-join-") as folder:
            _make(Path(folder), rows, options)
            command = [sys.executable, __file__, "--join", folder]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        measured.append(found)
        cells = (found["seconds"], found["cpu"], found["peak"])
        numbers = " | ".join(f"{value:,.1f}" for value in cells)
        print(f"| {rows:,} | {numbers} | {found['files']} | {found['moved']:,} |", flush=True)
    for name in ("cpu", "peak"):
        if grown := growth(options.rows, [found[name] for found in measured]):
            print(f"\n{name} grows as {grown}")
    return 0


def _join(folder: Path) -> int:
    """Join the parts; print what it took."""
    work = folder / "work"
    work.mkdir()
    bucket = Bucket(cast("Any", FolderClient(folder / "bucket")), "data")
    began = time.monotonic()
    join_run(Task(bucket, KEYS, work, 1, sys.stderr))
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = json.loads((folder / "bucket" / KEYS.packed_dataset).read_bytes())
    found = {
        "seconds": time.monotonic() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss / 1024,
        "files": sum(len(files) or 1 for files in map(told["files"].get, Side, [()] * 3)),
        "moved": told["near_copies"]["moved"],
    }
    print(json.dumps(found))
    return 0


def _make(folder: Path, rows: int, options: argparse.Namespace) -> None:
    """Leave in a folder what a plan and the packing of all parts leave."""
    bucket = Bucket(cast("Any", FolderClient(folder / "bucket")), "data")
    rng = random.Random(rows)  # noqa: S311 - made up
    names = [f"{number:05}" for number in range(-(-rows // SHARD))]
    shards = [PlannedShard(shard=name, rows=SHARD, bytes=1) for name in names]
    bucket.put(KEYS.shards, encode(shards), JSON)
    bucket.write(KEYS.plan, _plan(rows, len(names), options))
    lines = list(range(1, rows + 1))
    rng.shuffle(lines)
    planned = zip(lines, _sides(rng), _labels(rng, options.labels), strict=False)
    chance = np.random.default_rng(rows)
    pictures = _of_few(chance, options.pictures) if options.pictures else _likenesses(chance)
    index, sides = [], {}
    scratch = folder / "scratch"
    for first in range(0, len(names), PART):
        part = names[first : first + PART]
        verdicts: list[Verdict] = []
        scratch.mkdir()
        with Channels(scratch, options.labels) as channels:
            for name in part:
                held = [_row(*next(planned)) for _ in range(SHARD)]
                bucket.write_lines(KEYS.shard_rows(name), held)
                for planned_row in held:
                    likeness, like = next(pictures)
                    # a near-copy of the one before it lies beside it, unless some are to be moved
                    beside = verdicts[-1].split if like and not options.moved else None
                    row = replace(planned_row, split=beside or planned_row.split)
                    image = rng.randbytes(IMAGE_BYTES)
                    payload = pack_record(row.id, [float(c) for c in row.labels], image)
                    channels[row.split].add(payload, row.labels)
                    sha256 = f"{rng.getrandbits(256):064x}"
                    verdict = Verdict.accepted(row, likeness=likeness, sha256=sha256, kind="png")
                    verdicts.append(verdict)
                    index.append((row.line, row.split))
                    sides[content_hash(row.etag, 0)] = row.split
        _leave(bucket, f"{part[0]}-{part[-1]}", channels, verdicts)
        for side in Side:
            channels[side].paths[0].unlink()
        scratch.rmdir()
    index.sort()
    images = (IndexedImage(image=f"{line:032x}", id=line, line=line, side=s) for line, s in index)
    write_records(bucket, KEYS.images, images)
    file = SplitFile(bucket, DatasetKeys(KEYS.dataset), Settings().split)
    file.remember(file.recall(), sides)


def _plan(rows: int, shards: int, options: argparse.Namespace) -> Plan:
    labels = tuple(f"label {number}" for number in range(options.labels))
    return Plan(
        run=KEYS.run,
        dataset=KEYS.dataset,
        bucket="data",
        list=ListVersion(key="joined/lists/a.lst", version_id="v", etag="e", sha256="f" * 64),
        fingerprint="f" * 64,
        rows=rows,
        accepted=rows,
        rejected=0,
        train=rows,
        validation=0,
        labels=labels,
        positives=dict.fromkeys(labels, 0),
        settings=Settings(records=Records(file_mib=options.file_mib)),
        shards=shards,
    )


def _row(line: int, side: Side, labels: str) -> PlannedRow:
    key = f"images/{line:08}.png"
    return PlannedRow(
        line=line,
        id=line,
        path=key,
        bucket="source",
        key=key,
        etag=f"{line:032x}",
        size=1000,
        labels=labels,
        split=side,
    )


def _sides(rng: random.Random) -> Iterator[Side]:
    while True:
        yield rng.choices(list(Side), (8, 1, 1))[0]


def _labels(rng: random.Random, count: int) -> Iterator[str]:
    while True:
        held = {rng.randrange(count) for _ in range(3)}
        yield "".join("1" if label in held else "0" for label in range(count))


def _likenesses(rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """Yield likenesses, and whether each is a near-copy of the one before it."""
    width = HEX_DIGITS // 2
    row = width // BANDS
    common = rng.integers(0, 256, (_COMMON, row), np.uint8)
    last = rng.integers(0, 256, width, np.uint8)
    while True:
        if rng.random() < _NEAR:
            last = last.copy()
            last[rng.integers(width)] ^= 1
            yield last.tobytes().hex(), True
            continue
        last = rng.integers(0, 256, width, np.uint8)
        for band in np.flatnonzero(rng.random(BANDS) < _BANDS):
            last[band * row : (band + 1) * row] = common[rng.integers(_COMMON)]
        yield last.tobytes().hex(), False


def _of_few(rng: np.random.Generator, pictures: int) -> Iterator[tuple[str, bool]]:
    """Yield likenesses of so many pictures, which `bench_scale.py`'s images have 240 of."""
    few = rng.integers(0, 256, (pictures, HEX_DIGITS // 2), np.uint8)
    while True:
        yield few[rng.integers(pictures)].tobytes().hex(), False


def _leave(bucket: Bucket, name: str, channels: Channels, verdicts: list[Verdict]) -> None:
    for side in Side:
        channels[side].upload_as(bucket, KEYS.part_records(name, side), "")
    bucket.write_lines(KEYS.part_verdicts(name), verdicts)
    part = Part(rows=len(verdicts), channels=channels.files.together)
    bucket.write(KEYS.part(name), part)


if __name__ == "__main__":
    sys.exit(main())
