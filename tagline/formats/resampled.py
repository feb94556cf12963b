"""How sure a difference between two models is: by resamplings of what both were judged on."""

from tagline.formats.document import Record


class Resampled(Record, kw_only=True):
    """What resampling tells of a difference between two models."""

    low: float | None
    """From here to `high` lies the middle `level` of the resamplings."""
    high: float | None
    level: float
    rounds: int
    bound: float | None = None
    """What it exceeds in the share `confidence` of them; null in older files."""
    confidence: float | None = None
    probability: float | None = None
    """The share of them in which it is above 0."""
