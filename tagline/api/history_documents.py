"""What the API answers of a dataset's past: who served, which lists were dropped."""

from typing import Literal

from tagline.api.documents import DatasetName, Metric, Part, RunName, Score


class OrderShown(Part, kw_only=True):
    """That a person, not the gate, made a run the champion."""

    kind: Literal["promote", "rollback"]
    by: str
    """Who, as the order said."""
    why: str
    at: str
    """ISO 8601, UTC."""


class ChampionReign(Part, kw_only=True):
    """A time in which a run served."""

    run: RunName
    since: str | None
    """ISO 8601, UTC, like `until`."""
    until: str | None
    """null while it serves."""
    mAP: Score | None  # noqa: N815 - the files' name for it
    metric: Metric = "mAP"
    """The primary metric."""
    value: Score | None = None
    """Of the primary metric; null where mAP alone is known."""
    reason: str | None
    """Why it was promoted."""
    order: OrderShown | None
    """null where the gate promoted it."""
    obstacle: str | None
    """Why it cannot be rolled back to; null where it can."""


class ChampionHistory(Part, kw_only=True):
    """Who served a dataset, newest first: the last 50."""

    dataset: DatasetName
    champions: list[ChampionReign]


class ListDropped(Part, kw_only=True):
    """A version of a list file, and the run that it started."""

    name: str
    run: RunName
    dropped: str
    """ISO 8601, UTC."""


class Lists(Part, kw_only=True):
    """The lists that were dropped last, newest first: 50 at most."""

    dataset: DatasetName
    lists: list[ListDropped]
