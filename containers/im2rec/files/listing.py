"""`--list`: the images below a folder, as MXNet's im2rec.py lists, shuffles and cuts them."""

import os
import random
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from im2rec.errors import PackFailed
from im2rec.files.options import Options
from tagline.formats.locations import fault_of_key
from tagline.formats.printable import printable

_SEED = 100  # the lists are those that MXNet's tool makes
_UNWRITABLE = re.compile(r"\A\s|\s\Z")  # what a reader of the list would strip

Entry = tuple[int, str, int]  # index, path below the root, label


def write_lists(options: Options) -> int:
    """Write the lists; return the exit code, 1 when a file had to be left out."""
    kept: list[Entry] = []
    left_out = 0
    for entry in _entries(options):
        if _UNWRITABLE.search(entry[1]) or fault_of_key(entry[1]):
            left_out += 1
            print(
                f"im2rec: {entry[1]!r} is left out: a list holds paths in UTF-8 of up to 1,024 "
                "bytes, without control characters or outer blanks",
                file=sys.stderr,
            )
        else:
            kept.append(entry)
    if not kept:
        raise PackFailed(f"there is no {', '.join(options.exts)} file in {options.root}")
    if options.shuffle:
        random.Random(_SEED).shuffle(kept)  # noqa: S311
    size = -(-len(kept) // options.chunks)
    for chunk in range(options.chunks):
        name = f"{options.prefix}_{chunk}" if options.chunks > 1 else str(options.prefix)
        _write_chunk(name, kept[chunk * size : (chunk + 1) * size], size, options)
    return 1 if left_out else 0


def _write_chunk(name: str, entries: Sequence[Entry], size: int, options: Options) -> None:
    if options.train_ratio == 1:
        _write(f"{name}.lst", entries)
        return
    test = int(size * options.test_ratio)
    train = test + int(size * options.train_ratio)
    whole = options.train_ratio + options.test_ratio >= 1
    if whole:
        train = len(entries)  # what rounding leaves over trains: it must not vanish
    for part, (start, end) in zip(
        ("test", "train", "val"), pairwise((0, test, train, len(entries))), strict=True
    ):
        wanted = {"test": bool(options.test_ratio), "train": True, "val": not whole}[part]
        if wanted:
            _write(f"{name}_{part}.lst", entries[start:end])


def _write(path: str, entries: Sequence[Entry]) -> None:
    if not entries:  # nothing to pack; an older one would be packed in its place
        Path(path).unlink(missing_ok=True)
        return
    rows = "".join(f"{index}\t{label:f}\t{name}\n" for index, name, label in entries)
    Path(path).write_text(rows, encoding="utf-8", newline="\n")
    print(f"{printable(path)}: {len(entries)} images")


def _entries(options: Options) -> Iterator[Entry]:
    folders: dict[str, int] = {}
    index = 0
    for folder, names in _folders(options):
        for name in sorted(names):
            path = os.path.join(folder, name)  # noqa: PTH118 - as many calls as files
            fits = os.path.splitext(name)[1].lower() in options.exts  # noqa: PTH122
            if fits and os.path.isfile(path):  # noqa: PTH113
                label = folders.setdefault(folder, len(folders)) if options.recursive else 0
                yield index, os.path.relpath(path, options.root), label
                index += 1
    for folder, label in folders.items():
        print(printable(os.path.relpath(folder, options.root)), label)


def _folders(options: Options) -> Iterator[tuple[str, list[str]]]:
    if not options.recursive:
        yield str(options.root), [path.name for path in options.root.iterdir()]
        return
    above: dict[str, frozenset[tuple[int, int]]] = {}  # of each folder: it and those it is in
    for folder, below, names in os.walk(options.root, followlinks=True):
        state = Path(folder).stat()
        here = (state.st_dev, state.st_ino)
        outer = above.get(os.path.dirname(folder), frozenset())  # noqa: PTH120
        if here in outer:  # a link that leads back up never ends
            below.clear()
            continue
        above[folder] = outer | {here}
        below.sort()
        yield folder, names
