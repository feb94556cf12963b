"""`<dataset>/split.txt`: the side of every content that a plan has put on one, for later plans.

The first line is JSON and names the settings; each further line is a content's hash (16
hexadecimal digits) and `t`, `v` or, of a test image, `s`, in rising order: 19 bytes an image. The
file is one object, replaced whole and only over the version that was read: two plans at once cannot
decide differently.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from tagline.aws.faults import Conflict, TooLarge
from tagline.aws.s3 import Bucket
from tagline.formats.document import NewerFormat, decode
from tagline.formats.keys import DatasetKeys
from tagline.formats.rows import Side
from tagline.formats.settings import Split
from tagline.formats.split import SplitHead

MAX_BYTES = 256 << 20  # 14,000,000 contents
ATTEMPTS = 5  # to write what others write at the same time
_LETTERS = {Side.TRAIN: "t", Side.VALIDATION: "v", Side.TEST: "s"}
_SIDES = {letter: side for side, letter in _LETTERS.items()}


class UnreadableSplit(ValueError):
    """split.txt is not what a plan writes."""


class SplitOvertaken(RuntimeError):
    """Another plan has remembered its decisions meanwhile."""


@dataclass(frozen=True)
class SplitMemory:
    """The decided sides by content hash, and the ETag they were read from (None: no object)."""

    sides: Mapping[int, Side]
    etag: str | None


class SplitFile:
    """The split.txt of a dataset under some settings; under others it begins anew."""

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
        head, *lines = found.content.decode("ascii", "replace").splitlines() or [""]
        try:
            own = self._is_own(decode(head.encode(), SplitHead, f"{where}, line 1"))
            sides = {int(line[:16], 16): _SIDES[line[17:]] for line in lines} if own else {}
        except NewerFormat:
            raise
        except (ValueError, KeyError) as exc:
            raise UnreadableSplit(
                f"{where} is damaged ({exc}); restore an earlier version of it, or delete it to "
                "have all images split anew"
            ) from exc
        return SplitMemory(sides, found.etag)

    def _is_own(self, head: SplitHead) -> bool:
        """Return whether sides were decided under these settings, or before there were test images.

        Then `validation` was what is kept from training, now for both sides or for one of them.
        """
        if head == self._head:
            return True
        before = (self.settings.validation, self.settings.shares.held)
        return head.seed == self._head.seed and not head.test and head.validation in before

    def correct(self, sides: Mapping[int, Side]) -> None:
        """Put remembered contents on other sides, whoever else writes meanwhile.

        Nothing is written where other settings have begun anew. Raises what `recall` raises, and
        SplitOvertaken where the file keeps changing.
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

        Raises SplitOvertaken when the object is no longer the one that was recalled.
        """
        if all(memory.sides.get(at) is side for at, side in decided.items()):
            return
        sides = {**memory.sides, **decided}
        head = msgspec.json.format(msgspec.json.encode(self._head), indent=0).decode()
        lines = [f"{head}\n", *(f"{at:016x} {_LETTERS[sides[at]]}\n" for at in sorted(sides))]
        try:
            self._bucket.put_over(self._key, "".join(lines).encode(), "text/plain", memory.etag)
        except Conflict as exc:
            raise SplitOvertaken(f"{self._key} was written by another plan") from exc
