"""What a step's time is made of, and how sure the whole of it is."""

from collections.abc import Sequence

from tagline.formats.document import Record
from tagline.scale.figures import Figure, Mark


class Part(Record, kw_only=True):
    """A part of a step's time."""

    name: str
    seconds: float
    mark: Mark
    """How it is known."""
    source: str


def part(name: str, seconds: float, by: Figure, mark: Mark | None = None) -> Part:
    """Return a part that rests on a figure; `mark`: where it is known less well than that."""
    return Part(name=name, seconds=seconds, mark=mark or by.mark, source=by.source)


def longest(parts: Sequence[Part]) -> Part:
    """Return the part that takes longest, by which a step's time is said to be known."""
    return max(parts, key=lambda part: part.seconds)
