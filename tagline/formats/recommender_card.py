"""The model card of a recommender (sections after Mitchell et al. 2019)."""

from tagline.formats.document import Document, Record
from tagline.formats.recommending import RatingsMetrics, RecommenderDescription
from tagline.formats.rows import Size


class CardRatings(Record):
    """The card's section on the data: what the model was trained on, and what judged it."""

    users: Size
    """That the model was trained on, like `items` and `ratings`."""
    items: Size
    ratings: Size
    test_ratings: Size
    test_users: Size
    """Who judged it."""


class RecommenderCard(Document, kw_only=True):
    """What a recommender was made from, how good it is, what it is not."""

    model: RecommenderDescription
    intended_use: str
    data: CardRatings
    metrics: RatingsMetrics
    limits: tuple[str, ...]
    licence: str
