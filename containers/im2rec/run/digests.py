"""The SHA-256 of each piece of a stream of bytes."""

import hashlib
from collections.abc import Sequence


class Digests:
    """Hashes bytes as they come, in pieces of these lengths one after the other."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self.found: list[str] = []
        """Of the pieces that are whole, hexadecimal."""
        self.more = False
        """Whether there were bytes behind the last piece."""
        self._lengths = iter(lengths)
        self._begin()

    def update(self, data: bytes) -> None:
        """Take in some more."""
        rest = memoryview(data)
        while rest and self._left is not None:
            some = rest[: self._left]
            self._hash.update(some)
            self._left -= len(some)
            rest = rest[len(some) :]
            if not self._left:
                self.found.append(self._hash.hexdigest())
                self._begin()
        self.more = self.more or bool(rest)

    def _begin(self) -> None:
        """Begin the next piece that is not empty."""
        self._hash = hashlib.sha256()
        self._left = next(self._lengths, None)
        while self._left == 0:
            self.found.append(self._hash.hexdigest())
            self._left = next(self._lengths, None)
