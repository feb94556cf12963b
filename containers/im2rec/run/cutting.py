"""Which bytes of a side's parts go into which of its record files.

A file begins where the next record would make the one before it longer than it may be, whatever
parts the records lie in. Where a part lies in one file as a whole, nobody looks into it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from tagline.formats.recordio import frame, read_records


class Records(NamedTuple):
    """The records of a part: its name, bytes and images."""

    part: str
    bytes: int
    images: int


class Span(NamedTuple):
    """Bytes `start` up to but not including `stop` of a part's records."""

    part: str
    start: int
    stop: int


@dataclass
class File:
    """A record file to be: its bytes, and how many images they are."""

    spans: list[Span] = field(default_factory=list)
    images: int = 0

    @property
    def bytes(self) -> int:
        """Its length."""
        return sum(span.stop - span.start for span in self.spans)

    def add(self, part: str, start: int, stop: int, images: int) -> None:
        """Take in some records of a part."""
        if stop > start:
            self.spans.append(Span(part, start, stop))
            self.images += images


def cut(
    parts: Sequence[Records],
    longest: int,
    opened: Callable[[str], AbstractContextManager[BinaryIO]],
) -> list[File]:
    """Return the files of at most `longest` bytes that parts, in their order, become.

    `opened` opens a part's records. A record that is longer has a file of its own. Raises
    RecordError for a part that holds no records.
    """
    files = [File()]
    for part in parts:
        if files[-1].bytes + part.bytes <= longest:
            files[-1].add(part.part, 0, part.bytes, part.images)
            continue
        with opened(part.part) as stream:
            _cut(part, _sizes(stream), longest, files)
    return files


def _cut(part: Records, sizes: Iterable[int], longest: int, files: list[File]) -> None:
    """Put a part's records, of these sizes in bytes, into the last file and further ones."""
    held, before = files[-1].bytes, 0  # of the last file; images of the part that are in files
    start = at = 0
    for number, size in enumerate(sizes):
        if held and held + size > longest:
            files[-1].add(part.part, start, at, number - before)
            files.append(File())
            held, before, start = 0, number, at
            if part.bytes - at <= longest:
                break
        held += size
        at += size
    files[-1].add(part.part, start, part.bytes, part.images - before)


def _sizes(stream: BinaryIO) -> Iterator[int]:
    for payload in read_records(stream):
        yield len(frame(payload))
