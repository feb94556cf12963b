"""Which ratings are trained on, chosen by, and judged on: the newest judge."""

import hashlib
from array import array

from tagline.formats.reasons import UnusableList
from tagline.formats.rows import Side
from tagline.formats.settings import Split
from tagline.ratings.rows import NO_TIME
from tagline.ratings.table import Table

BY_HASH = "by a hash, as times are missing or all alike"
"""How the sides were picked where time could not say, in words."""
_SIDES = tuple(Side)
_TRAIN, _VALIDATION, _TEST = range(len(_SIDES))


class Divided:
    """The rows that count, the oldest first, and how many are on each side."""

    def __init__(self, table: Table, split: Split) -> None:
        """Put each row that counts on a side; raises UnusableList where a side stays empty.

        By time over all of them where every row has one and they are not all the same; else a hash
        of user and item decides, the same on whichever line they stand.
        """
        rows = array("I", table.accepted())
        times = {table.time[row] for row in rows}
        self.by_time = NO_TIME not in times and len(times) > 1
        self.order = array("I", sorted(rows, key=table.time.__getitem__))
        shares = split.shares
        if self.by_time:
            test = round(shares.test * len(rows))
            validation = round(shares.validation * len(rows))
            begin = len(rows) - test - validation
            for at, row in enumerate(self.order):
                side = _TRAIN if at < begin else _VALIDATION if at < begin + validation else _TEST
                table.side[row] = side
        else:
            _by_hash(table, rows, split)
        counts = [0, 0, 0]
        for row in rows:
            counts[table.side[row]] += 1
        self.train, self.validation, self.test = counts
        self._check(table, shares.test)
        self._check_judging(table)

    def _check(self, table: Table, test: float) -> None:
        empty = [
            side
            for side, count in zip(_SIDES, (self.train, self.validation, self.test), strict=True)
            if not count and (side is not Side.TEST or test)
        ]
        if empty:
            raise UnusableList(
                f"{len(self.order):,} ratings are too few to split: none is left for "
                f"{' and '.join(empty)}; drop more of them"
            )
        if len({table.item[row] for row in self.order}) < 2:  # noqa: PLR2004
            raise UnusableList("all ratings are of one item: there is nothing to choose from")

    def _check_judging(self, table: Table) -> None:
        """Refuse where nobody of the side that judges has a history, before it costs anything."""
        judging = _TEST if self.test else _VALIDATION
        before = {table.user[row] for row in self.order if table.side[row] < judging}
        strangers = {table.user[row] for row in self.order if table.side[row] == judging}
        if strangers and strangers.isdisjoint(before):
            raise UnusableList(
                f"no model could be judged: {len(strangers):,} users of the {_SIDES[judging]} have "
                "rated nothing before it; ratings of users who come back are needed"
            )


def _by_hash(table: Table, rows: "array[int]", split: Split) -> None:
    users, items = list(table.users), list(table.items)
    shares = split.shares
    salt = split.seed.to_bytes(8, "big")
    for row in rows:
        pair = f"{users[table.user[row]]}\0{items[table.item[row]]}".encode()
        digest = hashlib.blake2b(pair, digest_size=8, salt=salt).digest()
        at = int.from_bytes(digest, "big") / 2**64
        table.side[row] = _TEST if at < shares.test else _VALIDATION if at < shares.held else _TRAIN
