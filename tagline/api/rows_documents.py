"""What the API answers of a list's rows: what was rejected, what the labels are on."""

from typing import Literal

from msgspec import UNSET, UnsetType

from tagline.api.documents import Counts, DatasetName, Part, RunName, Score
from tagline.api.run_documents import (
    Link,
)
from tagline.formats.reasons import Reason
from tagline.formats.rows import Side, Size


class RowShown(Part, kw_only=True):
    """A rejected row."""

    line: Size
    """Number of its line in the list, from 1."""
    id: int | str | None
    path: str | None
    detail: str
    user: str | UnsetType | None = UNSET
    """Of a row of ratings, like `item`."""
    item: str | UnsetType | None = UNSET


class ReasonRows(Part, kw_only=True):
    """The rows that were rejected for one reason."""

    reason: Reason
    meaning: str
    count: Size
    first: list[RowShown]
    """The first of them."""


class LabelRows(Part, kw_only=True):
    """How many accepted images have a label: in all, and by side once they are packed."""

    label: str
    images: Size
    train: Size | None
    validation: Size | None
    test: Size | None


class CopiesShown(Part, kw_only=True):
    """Images that look alike."""

    images: Size
    groups: Size


class DoubtShown(Part, kw_only=True):
    """A label that the model says the opposite of."""

    label: str
    given: bool
    """Whether the row has it: it seems surplus then, else missing."""
    score: Score


class SuspectShown(Part, kw_only=True):
    """A row whose labels the model doubts."""

    line: Size
    id: int
    path: str
    split: Side
    doubt: Score
    labels: list[DoubtShown]


class RowsHealth(Part, kw_only=True):
    """The rows of a run's list; what the run has not reached is null."""

    dataset: DatasetName
    run: RunName | None
    """null for a dataset without a run that has read its list."""
    stage: Literal["refused", "planned", "packed"] | None
    """How far the rows came: a list of no use, rows that were judged by what they say, or images
    that were looked at."""
    counts: Counts | None
    rejected: list[ReasonRows]
    """The most frequent reason first."""
    complete: bool
    """Whether `rejected` counts all of them, not only the file's beginning."""
    labels: list[LabelRows]
    """In column order."""
    near_copies: CopiesShown | None
    notes: list[str]
    """Sentences on what the pictures do not tell."""
    suspects: list[SuspectShown]
    """The most doubtful, 20 at most."""
    suspects_file: Link | None
    rejects_file: Link | None
    verdicts_file: Link | None
    """Of the first 250,000 rows, where the list has more: the others' lie beside it."""
