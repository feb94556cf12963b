"""split.txt as arrays: the sides of 100,000,000 contents in 900 MB, the file itself on disk."""

import mmap
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np

from im2rec.plan.contents import Codes, Hashes
from im2rec.plan.sides import SIDES, TEST, UNKNOWN
from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys
from tagline.formats.settings import Split
from tagline.split.memory import (
    LETTERS,
    LINE_BYTES,
    LONGEST_HEAD,
    MAX_TASK_BYTES,
    Section,
    SplitFile,
    sides_of,
)

_CHUNK = 1 << 18  # lines
_DIGITS = 16
_CODES = np.zeros(256, np.uint8)
_CODES[[ord(LETTERS[side]) for side in SIDES.values()]] = list(SIDES)
_WRITTEN = np.frombuffer(
    ("?" + "".join(map(LETTERS.__getitem__, SIDES.values()))).encode(), np.uint8
)
_OF = {side: code for code, side in SIDES.items()}
_NIBBLES = np.full(256, 255, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = range(16)
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_SHIFTS = np.arange(60, -1, -4, dtype=np.uint64)


@dataclass(frozen=True)
class Remembered:
    """The decided sides by content, in the order of their hashes, and the ETag of the file."""

    hashes: Hashes
    codes: Codes
    etag: str | None
    others: tuple[Section, ...] = ()

    def of(self, hashes: Hashes) -> Codes:
        """Return the sides of some contents; UNKNOWN where none is decided."""
        at = np.searchsorted(self.hashes, hashes)
        at[at == len(self.hashes)] = 0
        if not len(self.hashes):
            return np.full(len(hashes), UNKNOWN, np.uint8)
        return np.where(self.hashes[at] == hashes, self.codes[at], UNKNOWN).astype(np.uint8)

    @property
    def tested(self) -> bool:
        """Whether any content is a test image."""
        return bool((self.codes == TEST).any())


@dataclass(frozen=True)
class Decided:
    """The sides of a plan's contents, in the order of their hashes."""

    hashes: Hashes
    codes: Codes


class RememberedSplit:
    """The split.txt of a dataset under some settings, copied to `folder` to be read."""

    def __init__(self, bucket: Bucket, keys: DatasetKeys, settings: Split, folder: Path) -> None:
        self._file = SplitFile(bucket, keys, settings)
        self._copy = folder / "split.txt"

    def recall(self) -> Remembered:
        """Return what earlier plans decided; raises UnreadableSplit or NewerFormat."""
        nothing = Remembered(np.empty(0, np.uint64), np.empty(0, np.uint8), None)
        with self._copy.open("wb") as copy:
            etag = self._file.copy(copy)
        if etag is None:
            return nothing
        with self._file.reading(), self._copy.open("rb") as file, _mapped(file) as content:
            before, others = self._file.find(content)
            hashes, codes = nothing.hashes, nothing.codes
            if before:
                hashes, codes = _arrays(content, before)
        return Remembered(hashes, codes, etag, tuple(others))

    def remember(self, memory: Remembered, decided: Decided) -> None:
        """Add a plan's decisions where `memory` has not all of them.

        Raises SplitOvertaken when the object is no longer the one that was recalled.
        """
        if (memory.of(decided.hashes) == decided.codes).all():
            return
        kept = ~np.isin(memory.hashes, decided.hashes, assume_unique=True)
        hashes = np.concatenate([memory.hashes[kept], decided.hashes])
        codes = np.concatenate([memory.codes[kept], decided.codes])
        order = np.argsort(hashes)
        left, others = MAX_TASK_BYTES - LINE_BYTES * len(hashes) - LONGEST_HEAD, []
        for other in memory.others:
            left -= other.end - other.start
            if left < 0:
                break
            others.append(other)
        with TemporaryFile(dir=self._copy.parent) as file:
            file.write(self._file.first_line(several=bool(others)))
            for start in range(0, len(order), _CHUNK):
                some = order[start : start + _CHUNK]
                file.write(_lines(hashes[some], codes[some]))
            if others:
                with self._copy.open("rb") as copy:
                    for other in others:
                        _copied(copy, other, file)
            file.seek(0)
            self._file.write(file, memory.etag)


def _mapped(file: IO[bytes]) -> mmap.mmap:
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _copied(copy: IO[bytes], section: Section, target: IO[bytes]) -> None:
    copy.seek(section.start)
    left = section.end - section.start
    while left:
        left -= target.write(copy.read(min(left, 1 << 20)))


def _arrays(content: mmap.mmap, section: Section) -> tuple[Hashes, Codes]:
    """Return a section's hashes and sides; raises ValueError or KeyError."""
    start = content.find(b"\n", section.start, section.end) + 1 or section.end
    count, rest = divmod(section.end - start, LINE_BYTES)
    hashes, codes = np.empty(count, np.uint64), np.empty(count, np.uint8)
    whole = not rest
    for first in range(0, count if whole else 0, _CHUNK):
        at = start + first * LINE_BYTES
        end = min(at + _CHUNK * LINE_BYTES, section.end)
        lines = np.frombuffer(content[at:end], np.uint8).reshape(-1, LINE_BYTES)
        nibbles = _NIBBLES[lines[:, :_DIGITS]]
        found = hashes[first : first + len(lines)]
        found[:] = (nibbles.astype(np.uint64) << _SHIFTS).sum(axis=1, dtype=np.uint64)
        codes[first : first + len(lines)] = _CODES[lines[:, _DIGITS + 1]]
        ends = lines[:, _DIGITS] == ord(" "), lines[:, -1] == ord("\n")
        whole = whole and bool((nibbles < 16).all() and ends[0].all() and ends[1].all())  # noqa: PLR2004
    if not (whole and codes.all() and (hashes[1:] > hashes[:-1]).all()):
        sides = sides_of(content[section.start : section.end])  # by hand, perhaps; or it says why
        hashes = np.fromiter(sorted(sides), np.uint64, len(sides))
        codes = np.fromiter((_OF[sides[int(at)]] for at in hashes), np.uint8, len(sides))
    return hashes, codes


def _lines(hashes: Hashes, codes: Codes) -> bytes:
    lines = np.empty((len(hashes), LINE_BYTES), np.uint8)
    lines[:, :_DIGITS] = _HEX[(hashes[:, None] >> _SHIFTS) & np.uint64(15)]
    lines[:, _DIGITS] = ord(" ")
    lines[:, _DIGITS + 1] = _WRITTEN[codes]
    lines[:, -1] = ord("\n")
    return lines.tobytes()
