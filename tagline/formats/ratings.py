"""Ratings as they pass between processes: verdicts, histories, and dataset.json of their kind."""

from collections.abc import Mapping
from typing import Literal

from msgspec import field

from tagline.formats.document import Document, Record
from tagline.formats.packed import BySide, Digests
from tagline.formats.reasons import Reason
from tagline.formats.rows import Rejected, Side, Size

COLUMNS = ("user", "item", "rating", "timestamp")
"""Of the channels' files; the rating is 1 where the dropped file has none, the timestamp integer
seconds since 1970 (UTC) or empty."""


class RatingVerdict(Record, omit_defaults=True):
    """What became of one row of a ratings file."""

    line: int
    user: str | None
    item: str | None
    verdict: Literal["accepted", "rejected"]
    split: Side | None = None
    reason: Reason | None = None
    detail: str | None = None


class Histories(Document, kw_only=True):
    """What some of the users rated, by user: the items' ids, the newest last."""

    users: Mapping[str, tuple[str, ...]]
    low: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What they rated below recommender.minimum_rating: no history, and not to be recommended."""


class RatingsDataset(Document, kw_only=True):
    """dataset.json of ratings: what training, evaluation and people may rely on."""

    kind: Literal["ratings"] = "ratings"
    run: str
    fingerprint: str
    rows: Size
    accepted: Size
    rejected: Size
    train: Size
    validation: Size
    test: Size
    users: Size
    """Of accepted rows, like `items`."""
    items: Size
    titles: Size
    """Items that items.csv has a title for."""
    by_time: bool
    """Whether the newest ratings are the test; else a hash of user and item picks them."""
    first: int | None
    """Of the timestamps, seconds since 1970; null where the file has none, like `last`."""
    last: int | None
    partitions: Size
    """Files that hold the histories."""
    sha256: Digests
    """Of each side's ratings.csv.gz."""
    bytes: BySide
    """Of the same files."""
    reasons: Mapping[Reason, Rejected] = field(default_factory=dict)
    """Why rows were rejected, the most frequent first."""
