"""A file's ratings in memory: some 30 bytes a row and each id once, so that millions fit."""

from array import array
from collections.abc import Iterator
from typing import BinaryIO

from tagline.formats.list_lines import read_lines
from tagline.formats.ratings import RatingVerdict
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.recommender_settings import Recommender
from tagline.formats.rows import Side
from tagline.ratings.layout import Layout, survey
from tagline.ratings.rows import Fault, Rating, parse

MOST_RATINGS = 5_000_000
_LEFT_OUT = (
    None,
    Reason.DUPLICATE_PAIR,
    Reason.LOW_RATING,
    Reason.RARE_USER,
    Reason.RARE_ITEM,
)
_CODES = {reason: code for code, reason in enumerate(_LEFT_OUT)}
_SIDES = tuple(Side)


class Table:
    """The well-formed rows of a ratings file in its order, and what is left out of them.

    `users` and `items` number the ids in the order in which they come; the arrays have one value a
    row: `user` and `item` by number, `rating`, `time` (seconds, -1 for none), `line`.
    """

    def __init__(self, stream: BinaryIO) -> None:
        """Read a seekable stream; raises UnusableList."""
        self._stream = stream
        self.layout: Layout = survey(stream)
        self.users: dict[str, int] = {}
        self.items: dict[str, int] = {}
        self.user, self.item = array("I"), array("I")
        self.rating, self.time, self.line = array("d"), array("q"), array("Q")
        self.rows = 0
        self.faults = 0
        """Rows that are no ratings."""
        for row in self._read():
            self.rows += 1
            if isinstance(row, Fault):
                self.faults += 1
            else:
                self._add(row)
        self._left_out = bytearray(len(self.line))
        self._counts: dict[int, int] = {}  # rows that count: the lines that overrule others
        self.side = bytearray(len(self.line))

    def leave_out(self, wanted: Recommender) -> None:
        """Leave out older ratings of a pair, low ones, and those of rare users and items."""
        self._drop_duplicates()
        if wanted.minimum_rating is not None:
            for row in self.accepted():
                if self.rating[row] < wanted.minimum_rating:
                    self._left_out[row] = _CODES[Reason.LOW_RATING]
        fewest = (
            (self.user, len(self.users), wanted.minimum_user_ratings, Reason.RARE_USER),
            (self.item, len(self.items), wanted.minimum_item_ratings, Reason.RARE_ITEM),
        )
        while sum(self._drop_rare(*which) for which in fewest):
            pass  # a user who loses a rare item may be too rare by now

    def accepted(self) -> Iterator[int]:
        """Yield the rows that count, in the file's order."""
        return (row for row, code in enumerate(self._left_out) if not code)

    def low(self) -> Iterator[int]:
        """Yield the rows whose rating alone keeps them from counting, in the file's order."""
        code = _CODES[Reason.LOW_RATING]
        return (row for row, left_out in enumerate(self._left_out) if left_out == code)

    def verdicts(self) -> Iterator[RatingVerdict]:
        """Yield one verdict each row, in the file's order; the file is read once more."""
        at = 0
        for row in self._read():
            if isinstance(row, Fault):
                yield RatingVerdict(
                    line=row.line,
                    user=row.user,
                    item=row.item,
                    verdict="rejected",
                    reason=row.reason,
                    detail=row.detail,
                )
                continue
            reason = _LEFT_OUT[self._left_out[at]]
            yield RatingVerdict(
                line=row.line,
                user=row.user,
                item=row.item,
                verdict="rejected" if reason else "accepted",
                split=None if reason else _SIDES[self.side[at]],
                reason=reason,
                detail=self._detail(at, reason) if reason else None,
            )
            at += 1

    def _read(self) -> Iterator[Rating | Fault]:
        for line in read_lines(self._stream):
            if line.number > self.layout.before:
                yield parse(line, self.layout)

    def _add(self, row: Rating) -> None:
        if len(self.line) >= MOST_RATINGS:
            raise UnusableList(
                f"the file has more than {MOST_RATINGS:,} ratings; drop the newest of them"
            )
        self.user.append(self.users.setdefault(row.user, len(self.users)))
        self.item.append(self.items.setdefault(row.item, len(self.items)))
        self.rating.append(row.rating)
        self.time.append(row.time)
        self.line.append(row.line)

    def _drop_duplicates(self) -> None:
        newest: dict[int, int] = {}
        for row, (user, item) in enumerate(zip(self.user, self.item, strict=True)):
            other = newest.setdefault(user << 32 | item, row)
            if other == row:
                continue
            older, newer = (other, row) if self.time[row] >= self.time[other] else (row, other)
            newest[user << 32 | item] = newer
            self._left_out[older] = _CODES[Reason.DUPLICATE_PAIR]
            self._counts[older] = newer

    def _drop_rare(self, of: "array[int]", there_are: int, fewest: int, reason: Reason) -> int:
        if fewest <= 1:
            return 0
        counts = array("I", bytes(4 * there_are))
        for row in self.accepted():
            counts[of[row]] += 1
        rare = [row for row in self.accepted() if counts[of[row]] < fewest]
        for row in rare:
            self._left_out[row] = _CODES[reason]
        return len(rare)

    def _detail(self, row: int, reason: Reason) -> str:
        if reason is Reason.DUPLICATE_PAIR:
            newer = self._counts[row]
            while newer in self._counts:
                newer = self._counts[newer]
            return f"line {self.line[newer]}, which is newer, has the same user and item"
        if reason is Reason.LOW_RATING:
            return f"the rating {self.rating[row]:g} is below recommender.minimum_rating"
        if reason is Reason.RARE_USER:
            return "the user has fewer ratings than recommender.minimum_user_ratings"
        return "the item has fewer ratings than recommender.minimum_item_ratings"
