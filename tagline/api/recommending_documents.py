"""What the API answers of recommendations."""

from typing import Literal

from tagline.api.documents import DatasetName, Model, Part

Basis = Literal["history", "items", "popularity"]


class RecommendedItem(Part, kw_only=True):
    """An item that is recommended."""

    item: str
    title: str | None
    """null where items.csv has none."""
    score: float
    """Larger is better; comparable within one answer alone."""


class Recommendation(Part, kw_only=True):
    """What the champion recommends, and by what."""

    dataset: DatasetName
    model: Model
    user: str | None
    """As it was asked for."""
    basis: Basis
    """history: what the user rated; items: those named; popularity: what most users rated."""
    reason: str | None
    """Why it is not the user's history."""
    recommendations: list[RecommendedItem]
    """Highest score first."""
    unknown: list[str]
    """Items of the history, or named, that the model does not know."""
