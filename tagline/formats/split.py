"""What `split.txt` says of settings, and how many images a split keeps from training."""

import math
from typing import ClassVar, NamedTuple

from tagline.formats.document import Document


class Shares(NamedTuple):
    """Shares of the images: the model is trained on the others."""

    validation: float
    test: float = 0

    @property
    def held(self) -> float:
        """The share that is kept from training."""
        return self.validation + self.test


class SplitHead(Document, kw_only=True):
    """The settings that the remembered sides were decided under; under others they mean nothing.

    Format 2: sides of other settings follow, each below a line of its own like this.
    """

    FORMAT: ClassVar[int] = 2

    seed: int
    validation: float
    test: float = 0
    """None in an older file, whose validation images may become test images."""


_SLACK = 0.1  # of a label's share of the images of a side; at least one image


def share_bounds(count: int, fraction: float, least: int = 1) -> tuple[int, int]:
    """Return the fewest and the most of a label's `count` contents that a side may have.

    A label on two contents or more leaves one at least on the other side, and has `least` here
    where it has so many to spare.
    """
    share = fraction * count
    slack = max(1.0, _SLACK * share)
    low, high = math.ceil(share - slack), math.floor(share + slack)
    if count < 2:  # noqa: PLR2004 - cannot be on both sides
        return 0, count
    low = min(max(low, least), count - 1)
    return low, max(min(high, count - 1), low)
