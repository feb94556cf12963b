"""What the API answers of drift: openapi.json is made from these types (`make docs`)."""

from typing import Annotated, Literal

from msgspec import Meta

from tagline.api.documents import DatasetName, Part, RunName, Score
from tagline.formats.rows import Size

Index = Annotated[float, Meta(ge=0)]
Hour = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}$")]


class Shift(Part, kw_only=True):
    """How far two sets of counts lie apart."""

    psi: Index | None
    """Population stability index; null where one of them is empty."""
    limit: Index
    """From which on it is drift: the setting, or what chance alone reaches, where that is more."""
    drifted: bool


class RateShift(Part, kw_only=True):
    """A label's share of tagged images, in validation and now."""

    reference: Score | None
    now: Score | None
    low: float | None
    """What it changed by, at least and at most."""
    high: float | None
    drifted: bool


class LabelDrift(Part, kw_only=True):
    """What became of a label's scores and tags."""

    label: str
    scores: Shift
    rate: RateShift
    reference: list[Size]
    """Validation images by score: a bin more than there are edges."""
    now: list[Size]


class InputDrift(Part, kw_only=True):
    """What became of one property of the images' files."""

    what: Literal["format", "size", "alpha"]
    shift: Shift
    reference: dict[str, Size]
    """Validation images by class; of a size, the pixels that the longer side has at most."""
    now: dict[str, Size]


class HourImages(Part, kw_only=True):
    """How many images were tagged in an hour."""

    hour: Hour
    """UTC."""
    images: Size


class Drift(Part, kw_only=True):
    """Whether the images that are tagged, and their scores, still are like those of validation."""

    dataset: DatasetName
    run: RunName
    """The champion."""
    at: str
    """When that was looked at: ISO 8601, UTC."""
    window_hours: Size
    hours: list[HourImages]
    """Those of the window in which images were tagged, oldest first."""
    images: Size
    verdict: Literal["steady", "drifted", "too_few", "no_reference"]
    said: str
    """The verdict in words, and what to do."""
    psi: Index
    """The limit in the dataset's settings."""
    min_images: Size
    edges: list[Score]
    """Scores between the bins, rising; a score that equals one is above it."""
    labels: list[LabelDrift]
    """Those that drifted first, then by their index; none without a reference."""
    inputs: list[InputDrift]
