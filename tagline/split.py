"""Which images are kept for validation: decided by content, so that it never changes.

An image's side depends on its content and the seed alone. It keeps its side when the list grows or
is reordered, and equal images, whatever their names, are always on one side.
"""

from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b

_SPAN = 2**64


class Side(StrEnum):
    """The side of the split a row is on."""

    TRAIN = "train"
    VALIDATION = "validation"


class CannotSplit(ValueError):
    """There are fewer than two different images."""


def assign(contents: Sequence[str], fraction: float, seed: int) -> list[Side]:
    """Return the side of each row, given what identifies its image's content (such as an ETag).

    About `fraction` of the contents go to validation. Where chance leaves a side empty, as it may
    in a list of a few images, the nearest content is moved there: the only case in which an image
    can change sides as its list grows. Raises CannotSplit for fewer than two different contents.
    """
    places = {content: _place(content, seed) for content in contents}
    if len(places) < 2:  # noqa: PLR2004 - one for each side
        raise CannotSplit(f"{len(places)} different image(s); a split needs at least 2")
    ranked = sorted(places.values())
    limit = min(max(int(fraction * _SPAN), ranked[0] + 1), ranked[-1])
    return [Side.VALIDATION if places[content] < limit else Side.TRAIN for content in contents]


def _place(content: str, seed: int) -> int:
    """Return the content's place in [0, 2^64), uniform over contents."""
    digest = blake2b(f"{seed}\n{content}".encode(), digest_size=8, person=b"split").digest()
    return int.from_bytes(digest, "big")
