"""What is counted of scores and inputs, in validation and while a model serves, and what differs.

Nothing here tells of one image: there are counts alone.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tagline.formats.document import Document, Record
from tagline.formats.image_kind import parts_of

# whole numbers of the logit from -9 to 9, so that scores near 0 and 1 are told apart as well
EDGES = (
    *(0.000123, 0.000335, 0.000911, 0.002473, 0.006693, 0.017986, 0.047426, 0.119203, 0.268941),
    0.5,
    *(0.731059, 0.880797, 0.952574, 0.982014, 0.993307, 0.997527, 0.999089, 0.999665, 0.999877),
)
BINS = len(EDGES) + 1
HOUR = "%Y-%m-%dT%H"  # of UTC, in keys
Count = Annotated[int, Meta(ge=0)]
Bins = Annotated[tuple[Count, ...], Meta(min_length=BINS, max_length=BINS)]


def bin_of(score: float) -> int:
    """Return the bin of a score: that of `EDGES[i]` itself is `i + 1`."""
    return bisect_right(EDGES, score)


class LabelCounts(Record):
    """A label's scores as counts."""

    label: str
    bins: Bins
    """Images by score; the bins lie between the edges."""
    tagged: Count
    """Images whose score reached the label's threshold."""


class InputCounts(Record):
    """The images' files as counts, by class; those that could not be told are left out."""

    format: dict[str, Count] = msgspec.field(default_factory=dict)
    size: dict[str, Count] = msgspec.field(default_factory=dict)
    """By the longer side: the pixels that it has at most."""
    alpha: dict[str, Count] = msgspec.field(default_factory=dict)

    def add(self, kind: str | None, times: int = 1) -> None:
        """Count files of a kind as `image_kind.kind_of` names it; None is left out."""
        parts = parts_of(kind) if kind else None
        for counts, name in zip((self.format, self.size, self.alpha), parts or (), strict=False):
            counts[name] = counts.get(name, 0) + times


class Counts(Document, kw_only=True):
    """What was counted of the images that a run's model was shown."""

    run: str
    images: Count
    labels: tuple[LabelCounts, ...]
    """In the order of the model's outputs."""
    inputs: InputCounts


class Reference(Counts, kw_only=True):
    """The scores that an evaluation gave the validation images, counted; what drift is held to."""

    created: str
    """ISO 8601, UTC."""
    side: Literal["validation"] = "validation"
    edges: tuple[float, ...] = EDGES
    """Scores between the bins, rising; a score that equals one is above it."""


class HourCounts(Counts, kw_only=True):
    """What one container of the function `tag` counted within an hour."""

    hour: str
    """Of UTC: 2026-11-26T21."""


def input_counts(kinds: Iterable[str | None]) -> InputCounts:
    """Return the counts of files of these kinds."""
    found = InputCounts()
    for kind in kinds:
        found.add(kind)
    return found


class Shift(Record):
    """How far two sets of counts lie apart."""

    psi: float | None
    """Population stability index; null where one of them is empty."""
    limit: float
    """From which on it is drift: the setting, or what chance alone reaches, where that is more."""
    drifted: bool


class RateShift(Record):
    """A label's share of tagged images, in validation and now."""

    reference: float | None
    now: float | None
    low: float | None
    """What it changed by, at least and at most."""
    high: float | None
    drifted: bool


class LabelDrift(Record):
    """What became of a label's scores and tags."""

    label: str
    scores: Shift
    rate: RateShift
    reference: Bins
    """Validation images by score."""
    now: Bins


Property = Literal["format", "size", "alpha"]


class InputDrift(Record):
    """What became of one property of the images' files."""

    what: Property
    shift: Shift
    reference: dict[str, Count]
    now: dict[str, Count]


class HourImages(Record):
    """How many images were tagged in an hour."""

    hour: str
    images: Count


Verdict = Literal["steady", "drifted", "too_few", "no_reference"]


class DriftReport(Document, kw_only=True):
    """Whether the images that are tagged, and their scores, still are like those of validation."""

    dataset: str
    run: str
    """The champion."""
    at: str
    """ISO 8601, UTC."""
    window_hours: int
    hours: tuple[HourImages, ...]
    """Those of the window in which images were tagged, oldest first."""
    images: Count
    verdict: Verdict
    said: str
    """The verdict in words, and what to do."""
    psi: float
    """The limit in the settings."""
    min_images: int
    edges: tuple[float, ...]
    labels: tuple[LabelDrift, ...]
    """The most drifted first."""
    inputs: tuple[InputDrift, ...]


class DriftState(Document, kw_only=True):
    """Which report is the last, and what was told of drift."""

    hour: str
    """Of the report, UTC; it lies under that name."""
    run: str
    told: dict[str, str] = msgspec.field(default_factory=dict)
    """What drifted and was told, and in which hour it was last seen to drift."""
    told_at: str | None = None
    """When: ISO 8601, UTC."""
    retrained_at: str | None = None
    """When a run was last started because of it: ISO 8601, UTC."""


class DriftAlert(Record):
    """What the alerts topic is told of drift."""

    dataset: str
    run: str
    said: str
    """Which labels, from what to what, and what to do."""
    labels: list[str]
    """The labels that drifted since the last message."""
    inputs: list[str]
    """The properties of the files that did."""
    report: str
    """S3 URI."""
