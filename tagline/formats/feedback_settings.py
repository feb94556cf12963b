"""Settings of feedback: which images of requests are kept, and when corrections retrain."""

from typing import Annotated, Literal

from msgspec import Meta

from tagline.formats.section import Section

Score = Annotated[float, Meta(ge=0, le=1)]
Band = Annotated[
    tuple[Score, Score], Meta(description="[low, high], scores from 0 to 1, low below high")
]


class Sampling(Section):
    """Which images of tag requests are kept, to be looked at by people."""

    percent: Annotated[float, Meta(ge=0, le=100)] = 0.0
    """Of the images worth it; 0: none is kept."""
    quota: Annotated[int, Meta(ge=1, le=10_000)] = 100
    """Images a day (UTC) at most."""
    band: Band | None = (0.3, 0.7)
    """An image is worth it where the model gives a label such a score; null: any is."""
    keep_days: Literal[1, 7, 30, 90, 365] = 90
    """After which they are deleted, unless somebody corrected their tags."""


class Retrain(Section):
    """Whether corrections, enough of them, are merged into the newest list and that is dropped."""

    after_corrections: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    """New ones since the last time; null: never by themselves."""
    at_most: Literal["hourly", "daily", "weekly"] = "daily"
    """How often, however many there are."""
