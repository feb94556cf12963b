"""Moving a few images between the sides of a split until every label has its share on both.

After H. Sechidis et al., On the Stratification of Multi-Label Data (2011): rare labels come first,
for they have the fewest images to choose from.
"""

import math
from array import array
from collections.abc import Iterator, Sequence

_SLACK = 0.1  # of a label's share of validation images; at least one image


class Balance:
    """A split of contents that can still be improved; `validation` says who is in validation.

    `nearness` orders the contents that may move (`free`), the lowest first. Each content has its
    labels' column numbers; all contents together count as one more label.
    """

    def __init__(
        self,
        *,
        nearness: Sequence[int],
        free: Sequence[bool],
        validation: list[bool],
        labels: Sequence[Sequence[int]],
        label_count: int,
        fraction: float,
    ) -> None:
        self.validation = validation
        self._free = free
        self._nearness = nearness
        self._all = label_count
        self._labels = [(*found, label_count) for found in labels]
        self._members = [array("I") for _ in range(label_count + 1)]
        self._inside = [0] * (label_count + 1)
        for content, found in enumerate(self._labels):
            for label in found:
                self._members[label].append(content)
                self._inside[label] += validation[content]
        self._bounds = [_bounds(len(members), fraction) for members in self._members]

    def settle(self) -> None:
        """Give every label its share, then an image on both sides, as far as free contents go."""
        order = sorted(range(self._all + 1), key=lambda label: len(self._members[label]))
        settled: set[int] = set()
        for label in order:
            self._give_share(label, settled)
            settled.add(label)
        while any(self._represent(label) for label in order):  # each move leaves fewer to do
            pass
        if not self._is_represented(self._all):
            self._move(min(self._members[self._all], key=self._nearness.__getitem__))

    def _give_share(self, label: int, settled: set[int]) -> None:
        low, high = self._bounds[label]
        inside = self._inside[label]
        missing = low - inside if inside < low else min(high - inside, 0)
        if not missing:
            return
        for content in self._candidates(label, into_validation=missing > 0):
            step = 1 if missing > 0 else -1
            if all(
                self._bounds[other][0] <= self._inside[other] + step <= self._bounds[other][1]
                for other in self._labels[content]
                if other in settled
            ):
                self._move(content)
                missing -= step
                if not missing:
                    return

    def _represent(self, label: int) -> bool:
        """Move a content so that a label is on both sides and none loses that; True if moved."""
        if self._is_represented(label):
            return False
        into = not self._inside[label]
        step = 1 if into else -1
        for content in self._candidates(label, into_validation=into):
            if all(
                not self._is_represented(other)
                or 0 < self._inside[other] + step < len(self._members[other])
                for other in self._labels[content]
                if len(self._members[other]) > 1
            ):
                self._move(content)
                return True
        return False

    def _is_represented(self, label: int) -> bool:
        count = len(self._members[label])
        return count < 2 or 0 < self._inside[label] < count  # noqa: PLR2004 - one a side

    def _candidates(self, label: int, *, into_validation: bool) -> Iterator[int]:
        movable = [
            content
            for content in self._members[label]
            if self._free[content] and self.validation[content] is not into_validation
        ]
        return iter(sorted(movable, key=self._nearness.__getitem__))

    def _move(self, content: int) -> None:
        step = -1 if self.validation[content] else 1
        self.validation[content] = not self.validation[content]
        for label in self._labels[content]:
            self._inside[label] += step


def _bounds(count: int, fraction: float) -> tuple[int, int]:
    """Return the fewest and the most validation images that a label of `count` contents may have.

    A label on two contents or more has one at least on either side.
    """
    share = fraction * count
    slack = max(1.0, _SLACK * share)
    low, high = math.ceil(share - slack), math.floor(share + slack)
    if count < 2:  # noqa: PLR2004 - cannot be on both sides
        return 0, count
    low = min(max(low, 1), count - 1)
    return low, max(min(high, count - 1), low)
