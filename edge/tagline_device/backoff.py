"""How long to wait before trying again."""

import random


class Backoff:
    """Pauses that double up to `most` seconds, each drawn between half and all of it.

    They are drawn so that a thousand devices do not come back at the same second.
    """

    def __init__(self, first: float = 1.0, most: float = 60.0) -> None:
        self.first = first
        self.most = most
        self._next = first

    def next(self) -> float:
        """Return the seconds to wait now."""
        pause, self._next = self._next, min(self.most, 2 * self._next)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - no secret

    def reset(self) -> None:
        """Begin anew: something worked."""
        self._next = self.first
