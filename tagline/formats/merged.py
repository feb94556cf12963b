"""What became of corrections that were merged into a list: feedback/merged/<sha256>.json."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from tagline.formats.document import Document, Record
from tagline.formats.plan import ListVersion
from tagline.formats.rows import Size

MOST_ROWS = 500  # that are named one by one


class Merging(StrEnum):
    """What became of a correction."""

    CHANGED = "changed"
    """Labels of a row are others now."""
    NEW_ROW = "new_row"
    """The image has a row now; it says which labels the image has."""
    AGREES = "agrees"
    """The list says so already, or a later correction changed it alike."""
    OVERRULED = "overruled"
    """Later corrections of the image say otherwise of every label."""
    NO_TAGS = "no_tags"
    """Nobody said of any label that the image has it, and it has no row; or it has exactly one
    label, which it keeps though it was taken: nobody said which it has instead."""
    UNKNOWN_LABEL = "unknown_label"
    """The list has none of its labels."""
    NO_IMAGE = "no_image"
    """The image has no row, and is not there any more."""
    UNREADABLE = "unreadable"
    """Its file is damaged."""


class MergedLabel(Record):
    """How many rows of the list before a label was given to, and taken from."""

    label: str
    added: Size
    removed: Size


class MergedRow(Record):
    """A row that was changed or added, with its labels before and after."""

    id: int
    path: str
    before: tuple[str, ...] | None
    """null for a row that was added."""
    after: tuple[str, ...]


class Merged(Document, kw_only=True):
    """A list with corrections merged into it, by the SHA-256 of its bytes."""

    dataset: str
    list: ListVersion
    """That was merged into."""
    sha256: str
    """Of the list that was made, hexadecimal."""
    by: Literal["person", "corrections"]
    """Who started it: a person, or so many corrections (`retrain` of dataset.yaml)."""
    at: str
    """ISO 8601, UTC."""
    through: str
    """Key of the last correction that was looked at."""
    corrections: Size
    new: Size = 0
    """Since the last time, where they started it."""
    verdicts: Mapping[Merging, Size]
    """What became of them; together as many."""
    conflicts: Size
    """Times that a correction says otherwise of a label than the one before it."""
    unknown: Size = 0
    """Labels said that the list does not have."""
    rows_changed: Size
    rows_added: Size
    labels: tuple[MergedLabel, ...]
    """Those that changed, in column order."""
    rows: tuple[MergedRow, ...]
    """The first 500 of them."""
