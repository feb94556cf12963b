"""A run's rows as they pass between processes, and what became of each."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal, Self

from msgspec import UNSET, Meta, UnsetType

from tagline.formats.document import Record
from tagline.formats.reasons import Reason

Labels = Annotated[str, Meta(pattern="^[01]+$")]
Size = Annotated[int, Meta(ge=0)]


class Side(StrEnum):
    """The side of the split a row is on."""

    TRAIN = "train"
    """What the model learns from."""
    VALIDATION = "validation"
    """What the epoch, the thresholds and the tuning are chosen by."""
    TEST = "test"
    """What judges the model, seen by nothing before."""


class Lost(StrEnum):
    """What an accepted image's pixels do not tell any more, as they are packed."""

    ONE_COLOUR = "one_colour"
    TRANSPARENT = "transparent"


LOST_MEANING = {
    Lost.ONE_COLOUR: "the picture is one colour on its background",
    Lost.TRANSPARENT: "the picture is transparent all over",
}


class PlannedRow(Record, omit_defaults=True):
    """A row of a shard: an image that exists, on its side of the split."""

    line: int
    """Number of the row's line in the list, from 1."""
    id: int
    path: str
    """As the list has it."""
    bucket: str
    key: str
    etag: str
    """Of the object that was listed, without quotes."""
    size: Size
    """Bytes."""
    labels: Labels
    """Multi-hot, one character 0 or 1 a label."""
    split: Side
    settled: bool = False
    """Whether an earlier run packed the image, on this side."""
    reuse: int | None = None
    """Id of the earlier run's record that has the image already."""


class Reject(Record):
    """A row that stays out, and why."""

    line: int
    id: int | str | None
    """An integer where the row has a valid one; else the text that stands there."""
    path: str | None
    reason: Reason
    """Stable code; programs compare it."""
    detail: str
    """For people."""
    user: str | UnsetType | None = UNSET
    """Of a row of ratings, which has no id and no path; null where none can be read."""
    item: str | UnsetType | None = UNSET


FIRST_REJECTS = 3  # told of every reason
_LONGEST = 200  # characters of a row that are told


class Rejected(Record):
    """The rows that were rejected for one reason."""

    count: Size
    first: tuple[Reject, ...]
    """The first of them, their texts cut after 200 characters."""


def count_rejects(rejects: Iterable[Reject]) -> dict[Reason, Rejected]:
    """Return how many rows were rejected for each reason, the most frequent first."""
    counts: Counter[Reason] = Counter()
    first: dict[Reason, list[Reject]] = {}
    for reject in rejects:
        counts[reject.reason] += 1
        if counts[reject.reason] <= FIRST_REJECTS:
            first.setdefault(reject.reason, []).append(_cut(reject))
    return {
        reason: Rejected(count=count, first=tuple(first[reason]))
        for reason, count in counts.most_common()
    }


def _cut(reject: Reject) -> Reject:
    return Reject(
        line=reject.line,
        id=reject.id[:_LONGEST] if isinstance(reject.id, str) else reject.id,
        path=reject.path[:_LONGEST] if reject.path is not None else None,
        reason=reject.reason,
        detail=reject.detail[:_LONGEST],
        user=reject.user[:_LONGEST] if isinstance(reject.user, str) else reject.user,
        item=reject.item[:_LONGEST] if isinstance(reject.item, str) else reject.item,
    )


class FetchVerdict(Record):
    """What became of one row of a shard in FetchShard; `reason` is null where all is well."""

    line: int
    id: int
    path: str
    reason: Reason | None = None
    detail: str = ""


class Verdict(Record):
    """What became of one row of the list."""

    line: int
    id: int | str | None
    path: str | None
    verdict: Literal["accepted", "rejected"]
    split: Side | None = None
    reason: Reason | None = None
    detail: str | None = None
    lost: Lost | None = None
    """Of an accepted row whose picture says little."""
    likeness: str | None = None
    """Of any other accepted row, hexadecimal; `tagline.formats.near_copies` compares them."""
    kind: str | None = None
    """Of an accepted row: what file its image is, as `tagline.formats.image_kind` names it."""
    copy_of: int | None = None
    """Line of the first row of the near-copies that the image is among; null for the first."""
    sha256: str | None = None
    """Of an accepted row's image file, hexadecimal; null where it is not known."""

    @classmethod
    def accepted(
        cls,
        row: PlannedRow,
        lost: Lost | None = None,
        likeness: str | None = None,
        *,
        sha256: str | None = None,
        kind: str | None = None,
    ) -> Self:
        """Return the verdict of a row whose image was packed."""
        return cls(
            line=row.line,
            id=row.id,
            path=row.path,
            verdict="accepted",
            split=row.split,
            detail=LOST_MEANING[lost] if lost else None,
            lost=lost,
            likeness=likeness,
            sha256=sha256,
            kind=kind,
        )

    @classmethod
    def rejected(cls, row: "PlannedRow | Reject", reason: Reason, detail: str) -> Self:
        """Return the verdict of a row that stays out."""
        return cls(
            line=row.line,
            id=row.id,
            path=row.path,
            verdict="rejected",
            reason=reason,
            detail=detail,
        )

    def reject(self) -> Reject | None:
        """Return the row's line of rejects.jsonl, or None for an accepted row."""
        if self.reason is None:
            return None
        return Reject(
            line=self.line,
            id=self.id,
            path=self.path,
            reason=self.reason,
            detail=self.detail or "",
        )


class IndexedImage(Record):
    """A planned image: the digest of its version (`image_index.image_digest`), record and row."""

    image: str
    id: int
    line: int
    labels: str | None = None
    """Digest of the names of its labels (`image_index.labels_digest`); null in older files."""
    side: Side | None = None
    """The side of the split that the image is packed on; null in older files."""
