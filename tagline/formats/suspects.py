"""Rows whose labels a model doubts: suspects.jsonl."""

from tagline.formats.document import Record
from tagline.formats.rows import Side


class Doubt(Record):
    """A label of a row that the model says the opposite of."""

    label: str
    given: bool
    """Whether the row has it: it seems surplus then, else missing."""
    score: float
    """What the model gives it, 0 to 1."""


class Suspect(Record):
    """A row of the list whose labels the model doubts; it was not trained on its image."""

    line: int
    """Number of the row's line in the list, from 1."""
    id: int
    path: str
    """As the list has it."""
    split: Side
    """The side of the split that the image is on."""
    doubt: float
    """How sure the model is of the most doubtful label, 0 to 1."""
    labels: tuple[Doubt, ...]
    """The most doubtful first."""
