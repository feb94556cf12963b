"""The first line of `<dataset>/split.txt`, and how many images a split keeps for validation."""

import math

from tagline.formats.document import Document


class SplitHead(Document, kw_only=True):
    """The settings that the remembered sides were decided under; under others they mean nothing."""

    seed: int
    validation: float


_SLACK = 0.1  # of a label's share of validation images; at least one image


def validation_bounds(count: int, fraction: float) -> tuple[int, int]:
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
