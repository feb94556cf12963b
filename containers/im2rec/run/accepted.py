"""The accepted images of a run, with their labels as bits: what `put_together` asks for.

An image of 334 labels takes 60 bytes.
"""

from array import array
from collections.abc import Sequence
from typing import overload

from im2rec.run.ledger import NUMBERS, SIDES
from tagline.formats.rows import Side
from tagline.split.near import Image

_PLACED = tuple(Side)  # of an accepted image, which is on one


class Accepted(Sequence[Image]):
    """Images in packing order, each made anew when it is asked for."""

    def __init__(self, labels: int) -> None:
        self._labels = labels
        self._width = -(-labels // 8)
        self._lines = array("q")
        self._contents = array("Q")
        self._sides = bytearray()
        self._exposed = bytearray()
        self._bits = bytearray()

    def append(self, image: Image) -> None:
        """Take in one more."""
        self._lines.append(image.line)
        self._contents.append(image.content)
        self._sides.append(NUMBERS[image.side])
        self._exposed.append(NUMBERS[image.exposed])
        self._bits += int(image.labels, 2).to_bytes(self._width)

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> Image: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Image]: ...

    def __getitem__(self, at: int | slice) -> Image | Sequence[Image]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        bits = self._bits[at * self._width : (at + 1) * self._width]
        return Image(
            self._lines[at],
            self._contents[at],
            f"{int.from_bytes(bits):0{self._labels}b}".encode(),
            _PLACED[self._sides[at] - 1],
            SIDES[self._exposed[at]],
        )
