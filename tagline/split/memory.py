"""`<dataset>/split.txt`: the side of every content that a plan has put on one, for later plans.

A line of JSON names the settings; each line below it is a content's hash (16 hexadecimal digits)
and `t`, `v` or, of a test image, `s`, in rising order: 19 bytes an image. What was decided under
other settings follows in the same form, the settings that were used last first, so that who goes
back to them finds the sides of before. The file is one object, replaced whole and only over the
version that was read: two plans at once cannot decide differently.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from tagline.aws.faults import Conflict, TooLarge
from tagline.aws.s3 import Bucket
from tagline.formats.document import NewerFormat, decode
from tagline.formats.keys import DatasetKeys
from tagline.formats.rows import Side
from tagline.formats.settings import Split
from tagline.formats.split import SplitHead

MAX_BYTES = 256 << 20  # 14,000,000 contents
LINE_BYTES = 19  # of a content
ATTEMPTS = 5  # to write what others write at the same time
_LONGEST_HEAD = 256  # bytes
_LETTERS = {Side.TRAIN: "t", Side.VALIDATION: "v", Side.TEST: "s"}
_SIDES = {letter: side for side, letter in _LETTERS.items()}


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


class _Section(NamedTuple):
    """What was decided under some settings: their line, and those below it."""

    head: SplitHead
    text: bytes

    @property
    def sides(self) -> dict[int, Side]:
        """The sides by content hash; raises ValueError or KeyError."""
        lines = self.text.decode("ascii", "replace").splitlines()[1:]
        return {int(line[:16], 16): _SIDES[line[17:]] for line in lines}


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
        where = self._bucket.uri(self._key)
        try:
            sections = list(_sections(found.content, where))
            own = [it for it in sections if self._is_same(it.head)]
            before = own or [it for it in sections if self._is_before(it.head)]
            sides = before[0].sides if before else {}
        except NewerFormat:
            raise
        except (ValueError, KeyError) as exc:
            raise UnreadableSplit(
                f"{where} is damaged ({exc}); restore an earlier version of it, or delete it to "
                "have all images split anew"
            ) from exc
        others = tuple(it.text for it in sections if it not in own)
        return SplitMemory(sides, found.etag, others)

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
        for attempt in range(1, ATTEMPTS + 1):
            memory = self.recall()
            known = {at: side for at, side in sides.items() if at in memory.sides}
            try:
                self.remember(memory, known)
            except SplitOvertaken:
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def remember(self, memory: SplitMemory, decided: Mapping[int, Side]) -> None:
        """Add a plan's decisions where `memory` has not all of them.

        Where the file would be too large, the settings that were used least recently are forgotten.
        Raises SplitOvertaken when the object is no longer the one that was recalled.
        """
        if all(memory.sides.get(at) is side for at, side in decided.items()):
            return
        sides = {**memory.sides, **decided}
        lines = "".join(f"{at:016x} {_LETTERS[sides[at]]}\n" for at in sorted(sides)).encode()
        left, others = MAX_BYTES - len(lines) - _LONGEST_HEAD, []
        for other in memory.others:
            left -= len(other)
            if left < 0:
                break
            others.append(other)
        head = replace(self._head, format=SplitHead.FORMAT if others else 1)
        first = msgspec.json.format(msgspec.json.encode(head), indent=0) + b"\n"
        content = b"".join([first, lines, *others])
        try:
            self._bucket.put_over(self._key, content, "text/plain", memory.etag)
        except Conflict as exc:
            raise SplitOvertaken(f"{self._key} was written by another plan") from exc


def _sections(content: bytes, where: str) -> Iterator[_Section]:
    """Yield what split.txt holds, section by section; raises UnreadableDocument."""
    line, start = 1, 0
    while start < len(content) or line == 1:
        end = content.find(b"\n{", start) + 1 or len(content)
        text = content[start:end]
        head = text.partition(b"\n")[0].decode("ascii", "replace").encode()
        yield _Section(decode(head, SplitHead, f"{where}, line {line}"), text)
        line += text.count(b"\n")
        start = end
