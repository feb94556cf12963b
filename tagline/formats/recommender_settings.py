"""The settings that a dataset of ratings has of its own."""

from typing import Annotated, Literal

from msgspec import Meta

from tagline.formats.section import Section

Algorithm = Literal["auto", "ease", "multdae", "bpr"]
Fewest = Annotated[int, Meta(ge=1, le=1000)]
Regularization = Annotated[float, Meta(ge=0.1, le=1e6)]
AgeDecay = Annotated[float, Meta(ge=0.5, le=1)]
Hidden = Annotated[int, Meta(ge=8, le=4096)]


class Recommender(Section):
    """Which ratings count, and what is trained on them; for datasets of ratings alone."""

    algorithm: Algorithm = "auto"
    """auto: EASE and MultDAE, of which validation picks; EASE only up to 20,000 items."""
    minimum_rating: Annotated[float, Meta(ge=-1e6, le=1e6)] | None = None
    """Rows with a lower rating are left out; null: every row says that the user likes the item."""
    minimum_user_ratings: Fewest = 1
    """Users with fewer ratings are left out."""
    minimum_item_ratings: Fewest = 1
    """Items with fewer ratings are left out."""
    regularization: Regularization | None = None
    """What EASE adds to each item's own weight; null: validation picks."""
    age_decay: AgeDecay | None = None
    """What an item of a history weighs beside the next newer one; null: validation picks."""
    hidden: Hidden | None = None
    """Width of MultDAE's hidden layer, and of BPR's factors; null: by the number of items."""
