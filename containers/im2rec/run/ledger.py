"""What became of every row, as numbers; the verdicts themselves wait on disk.

A list may have millions of rows: of each of them memory holds its line, its side, its id and its
likeness, some 100 bytes. The rest lies in files by ranges of lines, from which the verdicts come
back in the list's order.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from io import BufferedRandom
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from im2rec.run.copies import BYTES, Bytes, Likenesses, Places, group
from tagline.formats.document import decode_lines, encode_record
from tagline.formats.rows import Lost, Side, Verdict

SIDES = (None, *Side)  # by their numbers
NUMBERS = {side: number for number, side in enumerate(SIDES)}
_RANGE = 1 << 16  # rows of a file
_FILES = 256  # at most, whatever the list's length


class Ledger:
    """The verdicts on a run's rows, in the order in which they come: packing order.

    `rows` is how many there will be, `folder` where files may lie.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        self._folder = folder / "verdicts"
        self._folder.mkdir()
        self._range = max(_RANGE, -(-rows // _FILES))
        self._files: dict[int, BufferedRandom] = {}
        self._lines = array("q")
        self._sides = bytearray()
        self._ids = array("Q")  # of accepted rows
        self._pictures = array("q")  # places of those that have a likeness
        self._likenesses = bytearray()
        self.lost: Counter[Lost | None] = Counter()

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, verdict: Verdict) -> None:
        """Take in the verdict on one more row."""
        if verdict.likeness is not None:
            self._pictures.append(len(self._lines))
            self._likenesses += bytes.fromhex(verdict.likeness)
        self._lines.append(verdict.line)
        self._sides.append(NUMBERS[verdict.split])
        if verdict.split is not None:
            self._ids.append(int(verdict.id or 0))
        self.lost[verdict.lost] += 1
        self._file(verdict.line).write(encode_record(verdict))

    def _file(self, line: int) -> BufferedRandom:
        number = min(line // self._range, _FILES)
        if number not in self._files:
            self._files[number] = (self._folder / str(number)).open("w+b")
        return self._files[number]

    @property
    def lines(self) -> Places:
        """The lines (n,) of the rows."""
        return np.frombuffer(self._lines, np.int64)

    @property
    def sides(self) -> Bytes:
        """The sides (n,) of the rows, numbers of SIDES; 0 of a rejected one."""
        return np.frombuffer(self._sides, np.uint8)

    @property
    def pictures(self) -> Places:
        """The places of the rows (m,) that have a likeness."""
        return np.frombuffer(self._pictures, np.int64)

    @property
    def likenesses(self) -> Bytes:
        """Their likenesses (m, BYTES)."""
        return np.frombuffer(self._likenesses, np.uint8).reshape(-1, BYTES)

    def sides_of(self, lines: Iterable[int]) -> list[Side | None]:
        """Return the sides of rows that are there, by their lines."""
        wanted = np.fromiter(lines, np.int64)
        places = self._by_line[np.searchsorted(self.lines, wanted, sorter=self._by_line)]
        return [SIDES[number] for number in self.sides[places].tolist()]

    @cached_property
    def _by_line(self) -> Places:
        return np.argsort(self.lines, kind="stable")

    def accepted(self) -> Iterator[tuple[int, Side, int]]:
        """Yield line, side and id of the accepted rows, in packing order."""
        ids = iter(self._ids)
        for line, number in zip(self._lines, self._sides, strict=True):
            if side := SIDES[number]:
                yield line, side, next(ids)

    def near_copies(self) -> dict[int, int]:
        """Return by line the least line of its group, of the pictures that have a near-copy."""
        return least_lines(self.lines[self.pictures], group(Likenesses(self.likenesses)))

    def by_line(self, copies: Mapping[int, int], moves: Mapping[int, Side]) -> Iterator[Verdict]:
        """Yield the verdicts by line; near-copies say of which, and where they are moved to."""
        for _, file in sorted(self._files.items()):
            file.flush()
            with Path(file.name).open("rb") as lines:
                some = list(decode_lines(lines, Verdict, file.name))
            some.sort(key=lambda verdict: verdict.line)
            for verdict in some:
                line = verdict.line
                first = copies.get(line, line)
                if first != line or line in moves:
                    yield replace(
                        verdict,
                        split=moves.get(line, verdict.split),
                        copy_of=first if first != line else None,
                    )
                else:
                    yield verdict

    def close(self) -> None:
        """Remove the files."""
        for file in self._files.values():
            file.close()
            Path(file.name).unlink()
        self._folder.rmdir()


def least_lines(lines: Places, names: Places) -> dict[int, int]:
    """Return by line the least line of its group, for groups of several.

    `names` (n,) are places that name the groups of the pictures on `lines` (n,).
    """
    least = lines.copy()
    np.minimum.at(least, names, lines)
    sizes = np.bincount(names, minlength=len(lines))
    several = np.flatnonzero(sizes[names] > 1)
    several = several[np.argsort(lines[several])]
    return dict(zip(lines[several].tolist(), least[names[several]].tolist(), strict=True))
