"""`<dataset>/split.txt`: the side of every content that a plan has put on one, for later plans.

A line of JSON names the settings; each line below it is a content's hash (16 hexadecimal digits)
and `t`, `v` or, of a test image, `s`, in rising order: 19 bytes an image. What was decided under
other settings follows in the same form, the settings that were used last first, so that who goes
back to them finds the sides of before. The file is one object, replaced whole and only over the
version that was read: two plans at once cannot decide differently.
"""

import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import msgspec
from msgspec.structs import replace

from tagline.aws.faults import Absent, Conflict, TooLarge
from tagline.aws.s3 import Bucket, copy_body
from tagline.formats.document import NewerFormat, decode
from tagline.formats.keys import DatasetKeys
from tagline.formats.rows import Side
from tagline.formats.settings import Split
from tagline.formats.split import SplitHead

MAX_BYTES = 256 << 20
"""That a function reads and writes: 14,000,000 contents."""
MAX_TASK_BYTES = 4 << 30
"""That a container task does: 226,000,000 contents; one PutObject takes 5 GiB."""
LINE_BYTES = 19  # of a content
ATTEMPTS = 5  # to write what others write at the same time
LONGEST_HEAD = 256  # bytes
_DIGITS = 16  # of a content's hash
_CHUNK = 1 << 20
LETTERS = {Side.TRAIN: "t", Side.VALIDATION: "v", Side.TEST: "s"}
_SIDES = {letter: side for side, letter in LETTERS.items()}


class UnreadableSplit(ValueError):
    """split.txt is not what a plan writes."""


class SplitOvertaken(RuntimeError):
    """Another plan has remembered its decisions meanwhile."""


@dataclass(frozen=True)
class SplitMemory:
    """The decided sides by content hash, and the ETag they were read from (None: no object).

    `others` are the file's sections on other settings, as they stand in it.
    """

    sides: Mapping[int, Side]
    etag: str | None
    others: tuple[bytes, ...] = ()


class Section(NamedTuple):
    """What was decided under some settings: where their line and those below it lie in the file."""

    head: SplitHead
    start: int
    end: int


class SplitFile:
    """The split.txt of a dataset under some settings; under new ones it begins anew."""

    def __init__(self, bucket: Bucket, keys: DatasetKeys, settings: Split) -> None:
        self.settings = settings
        self._bucket = bucket
        self._key = keys.split
        validation, test = settings.shares
        self._head = SplitHead(seed=settings.seed, validation=validation, test=test)

    def recall(self) -> SplitMemory:
        """Return what earlier plans decided; raises UnreadableSplit or NewerFormat."""
        try:
            found = self._bucket.find_bytes(self._key, MAX_BYTES)
        except TooLarge as exc:
            raise UnreadableSplit(str(exc)) from exc
        if found is None:
            return SplitMemory({}, None)
        with self.reading():
            before, others = self.find(found.content)
            sides = sides_of(found.content[before.start : before.end]) if before else {}
        return SplitMemory(
            sides, found.etag, tuple(found.content[it.start : it.end] for it in others)
        )

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Say of what is wrong in the block, a ValueError or KeyError, how the file is cured."""
        try:
            yield
        except NewerFormat:
            raise
        except (ValueError, KeyError) as exc:
            raise UnreadableSplit(
                f"{self._bucket.uri(self._key)} is damaged ({exc}); restore an earlier version of "
                "it, or delete it to have all images split anew"
            ) from exc

    def find(self, content: "bytes | mmap.mmap") -> tuple[Section | None, list[Section]]:
        """Return the section that was decided under these settings, and the others to be kept."""
        sections = list(_sections(content, self._bucket.uri(self._key)))
        own = [it for it in sections if self._is_same(it.head)]
        before = own or [it for it in sections if self._is_before(it.head)]
        return before[0] if before else None, [it for it in sections if it not in own]

    def _is_same(self, head: SplitHead) -> bool:
        """Return whether sides were decided under these settings."""
        return replace(head, format=self._head.format) == self._head

    def _is_before(self, head: SplitHead) -> bool:
        """Return whether they were decided so, but before there were test images.

        Then `validation` was what is kept from training, now for both sides or for one of them.
        """
        before = (self.settings.validation, self.settings.shares.held)
        return head.seed == self._head.seed and not head.test and head.validation in before

    def correct(self, sides: Mapping[int, Side]) -> None:
        """Put remembered contents on other sides, whoever else writes meanwhile.

        Raises what `recall` raises, and SplitOvertaken where the file keeps changing.
        """
        letters = {b"%016x" % at: LETTERS[side].encode() for at, side in sides.items()}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._correct(letters)
            except SplitOvertaken:
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _correct(self, letters: Mapping[bytes, bytes]) -> None:
        """Write the file anew line by line: it may be as large as a container task makes it."""
        with TemporaryFile() as copy, TemporaryFile() as target:
            etag = self.copy(copy)
            if etag is None:
                return
            with self.reading():
                changed = self._corrected(copy, letters, target)
            if changed:
                target.seek(0)
                self.write(target, etag)

    def _corrected(
        self, copy: IO[bytes], letters: Mapping[bytes, bytes], target: IO[bytes]
    ) -> bool:
        """Write what a file is with other letters to `target`; return whether any is another."""
        with mmap.mmap(copy.fileno(), 0, access=mmap.ACCESS_READ) as content:
            before, others = self.find(content)
            if before is None:
                return False
            target.write(self.first_line(several=bool(others)))
            content.seek(before.start)
            content.readline()
            changed = False
            while content.tell() < before.end:
                line = content.readline().rstrip()
                if len(line) != LINE_BYTES - 1:
                    raise ValueError(f"{line[:40]!r} is no line of it")
                letter = letters.get(line[:_DIGITS], line[-1:])
                changed = changed or letter != line[-1:]
                target.write(b"%b %b\n" % (line[:_DIGITS], letter))
            for other in others:
                for start in range(other.start, other.end, _CHUNK):
                    target.write(content[start : min(start + _CHUNK, other.end)])
        return changed

    def copy(self, target: IO[bytes]) -> str | None:
        """Copy the file; return its ETag, None where there is none; raises UnreadableSplit."""
        try:
            with self._bucket.stream(self._key) as found:
                size = copy_body(found.content, target, MAX_TASK_BYTES)
                etag = found.etag
        except Absent:
            return None
        if size > MAX_TASK_BYTES:
            where = self._bucket.uri(self._key)
            raise UnreadableSplit(f"{where} is larger than {MAX_TASK_BYTES:,} bytes")
        target.flush()
        return etag

    def remember(self, memory: SplitMemory, decided: Mapping[int, Side]) -> None:
        """Add a plan's decisions where `memory` has not all of them.

        Where the file would be too large, the settings that were used least recently are forgotten.
        Raises SplitOvertaken when the object is no longer the one that was recalled.
        """
        if all(memory.sides.get(at) is side for at, side in decided.items()):
            return
        sides = {**memory.sides, **decided}
        lines = "".join(f"{at:016x} {LETTERS[sides[at]]}\n" for at in sorted(sides)).encode()
        left, others = MAX_BYTES - len(lines) - LONGEST_HEAD, []
        for other in memory.others:
            left -= len(other)
            if left < 0:
                break
            others.append(other)
        content = b"".join([self.first_line(several=bool(others)), lines, *others])
        self.write(content, memory.etag)

    def first_line(self, *, several: bool) -> bytes:
        """Return the line that names these settings, where `several` sections are in the file."""
        head = replace(self._head, format=SplitHead.FORMAT if several else 1)
        return msgspec.json.format(msgspec.json.encode(head), indent=0) + b"\n"

    def write(self, content: bytes | IO[bytes], etag: str | None) -> None:
        """Write the file over the version that was recalled; raises SplitOvertaken."""
        try:
            self._bucket.put_over(self._key, content, "text/plain", etag)
        except Conflict as exc:
            raise SplitOvertaken(f"{self._key} was written by another plan") from exc


def sides_of(section: bytes) -> dict[int, Side]:
    """Return the sides of a section by content hash; raises ValueError or KeyError."""
    lines = section.decode("ascii", "replace").splitlines()[1:]
    return {int(line[:16], 16): _SIDES[line[17:]] for line in lines}


def _sections(content: "bytes | mmap.mmap", where: str) -> Iterator[Section]:
    """Yield what split.txt holds, section by section; raises UnreadableDocument."""
    line, start = 1, 0
    while start < len(content) or not start:
        end = content.find(b"\n{", start) + 1 or len(content)
        first = content.find(b"\n", start, end)
        text = content[start : first if first >= 0 else end]
        head = text.decode("ascii", "replace").encode()
        yield Section(decode(head, SplitHead, f"{where}, line {line}"), start, end)
        if end < len(content):
            line += content[start:end].count(b"\n")
        start = end or 1
