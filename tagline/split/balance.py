"""Moving a few images in and out of a side of a split until every label has its share there.

After H. Sechidis et al., On the Stratification of Multi-Label Data (2011): rare labels come first,
for they have the fewest images to choose from. A set of contents is a number with a bit for each:
334 labels of a million contents take 42 MB.
"""

from collections.abc import Iterable, Iterator, Sequence

from tagline.formats.split import share_bounds

_DEPTH = 6  # of moves that make up for another move
_TRIES = 200  # contents moved in search of them; then the label is given up
_CHUNK = 1 << 13


class Balance:
    """A split of contents that can still be improved.

    `rows` holds the contents' labels (b"0" or b"1" each), those first that should move first, in
    whatever takes little memory and makes a bytes object of one when asked;
    only those in `free` may. `inside` tells who is on the side that gets `fraction` of each label,
    and `least` contents of it where there are enough. All contents together count as one more
    label, and those with any label as another.
    """

    def __init__(
        self,
        *,
        rows: Sequence[bytes],
        free: Sequence[int],
        inside: Sequence[int],
        fraction: float,
        least: int = 1,
    ) -> None:
        self._rows = rows
        self._free = _set_of(free)
        self._side = _set_of(inside)
        self._least = least
        self._all = len(rows[0])
        self._tries = 0
        columns = _columns(rows)
        labelled = 0
        for members in columns:
            labelled |= members
        self._members = [*columns, (1 << len(rows)) - 1, labelled]
        self._counts = [members.bit_count() for members in self._members]
        self._inside = [(members & self._side).bit_count() for members in self._members]
        self._bounds = [share_bounds(count, fraction, least) for count in self._counts]

    def __len__(self) -> int:
        """Return the number of contents."""
        return len(self._rows)

    @property
    def inside(self) -> list[bool]:
        """Who is inside, in the order of `rows`."""
        return [bit == "1" for bit in reversed(f"{self._side:0{len(self._rows)}b}")]

    @property
    def inside_bits(self) -> bytes:
        """The same, a bit each, the first one the lowest of the first byte."""
        return self._side.to_bytes(-(-len(self._rows) // 8), "little")

    def settle(self) -> None:
        """Give every label its share, then images in and out, as far as free contents go."""
        order = sorted(range(self._all + 1), key=self._counts.__getitem__)
        for position, label in enumerate(order):
            self._give_share(label, order[:position])
        order.append(self._all + 1)
        while any(self._represent(label) for label in order):  # each move leaves fewer to do
            pass
        for label in order:
            self._tries = _TRIES
            while any(self._represent(label, depth) for depth in range(1, _DEPTH + 1)):
                pass

    def _give_share(self, label: int, settled: Sequence[int]) -> None:
        low, high = self._bounds[label]
        inside = self._inside[label]
        missing = low - inside if inside < low else min(high - inside, 0)
        step = 1 if missing > 0 else -1
        movable = self._movable(label, step) if missing else 0
        while missing and movable:
            # a label that a move has brought to its bound stays there: all moves go one way
            movable &= ~self._union(other for other in settled if self._is_at_bound(other, step))
            if movable:
                self._move(_first(movable))
                movable &= self._movable(label, step)
                missing -= step

    def _represent(self, label: int, depth: int = 0) -> bool:
        """Move a content so that a label has more of what it lacks and none less; True if moved.

        A content that other labels need where it is moves only if moves for their sake, up to
        `depth` deep, make up for it.
        """
        if self._is_represented(label):
            return False
        step = 1 if self._inside[label] < self._needed(label) else -1
        movable = self._movable(label, step)
        for content in _each(movable):
            if not self._losers(content, step):
                self._move(content)
                return True
        for content in _each(movable if depth else 0):
            if not self._tries:
                break
            self._tries -= 1
            side, inside = self._side, self._inside.copy()
            losers = self._losers(content, step)
            self._move(content)
            if all(self._is_represented(it) or self._represent(it, depth - 1) for it in losers):
                return True
            self._side, self._inside = side, inside
        return False

    def _needed(self, label: int) -> int:
        """Return how many of a label's contents should be inside at least."""
        return min(self._least, self._counts[label] - 1)

    def _is_represented(self, label: int) -> bool:
        count = self._counts[label]
        return count < 2 or self._needed(label) <= self._inside[label] < count  # noqa: PLR2004

    def _losers(self, content: int, step: int) -> list[int]:
        """Return the labels that would lack contents on the side that a content leaves."""
        labels = [label for label in self._labels(content) if self._counts[label] > 1]
        if step > 0:
            return [label for label in labels if self._inside[label] + 1 == self._counts[label]]
        return [label for label in labels if self._inside[label] <= self._needed(label)]

    def _is_at_bound(self, label: int, step: int) -> bool:
        low, high = self._bounds[label]
        return not low <= self._inside[label] + step <= high

    def _movable(self, label: int, step: int) -> int:
        side = ~self._side if step > 0 else self._side
        return self._members[label] & self._free & side

    def _union(self, labels: Iterable[int]) -> int:
        found = 0
        for label in labels:
            found |= self._members[label]
        return found

    def _labels(self, content: int) -> list[int]:
        found = [label for label, mark in enumerate(self._rows[content]) if mark == ord("1")]
        return [*found, self._all, self._all + 1] if found else [self._all]

    def _move(self, content: int) -> None:
        self._side ^= 1 << content
        step = 1 if self._side >> content & 1 else -1
        for label in self._labels(content):
            self._inside[label] += step


def _columns(rows: Sequence[bytes]) -> list[int]:
    """Return the contents of each label."""
    width = len(rows[0])
    columns = [bytearray() for _ in range(width)]
    for start in range(0, len(rows), _CHUNK):
        text = b"".join(reversed(rows[start : start + _CHUNK]))
        for label, column in enumerate(columns):
            column.extend(int(text[label::width], 2).to_bytes(_CHUNK // 8, "little"))
    return [int.from_bytes(column, "little") for column in columns]


def _set_of(flags: Sequence[int]) -> int:
    return int(bytes(flags)[::-1].translate(_DIGITS), 2)


_DIGITS = bytes.maketrans(b"\0\1", b"01")


def _first(contents: int) -> int:
    return (contents & -contents).bit_length() - 1


def _each(contents: int) -> Iterator[int]:
    while contents:
        content = _first(contents)
        yield content
        contents ^= 1 << content
