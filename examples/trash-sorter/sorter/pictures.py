"""What is asked of whatever draws the items: emoji sets, and stand-ins in tests."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
"""(S, S, 4): BGR multiplied by opacity, and opacity, 0 … 1."""


class Artwork(Protocol):
    """Draws items."""

    def picture(self, code: str) -> Picture:
        """Return the emoji of a code point (hexadecimal, lower case)."""
        ...
