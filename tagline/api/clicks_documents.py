"""What the API takes and answers of clicks."""

from typing import Annotated

from msgspec import Meta

from tagline.api.documents import DatasetName, Part, RunName
from tagline.api.feedback_documents import Who

Id = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
Stars = Annotated[float, Meta(ge=-1e6, le=1e6)]


class FeedbackOnItem(Part, kw_only=True, forbid_unknown_fields=True):
    """That a user chose an item, or how they rate it: becomes a row of the next ratings file."""

    user: Id
    item: Id
    rating: Stars | None = None
    """Without one it counts as liked."""
    who: Who | None = None
    """Taken where the API asks nobody to sign in; else it knows who calls."""


class ClickTaken(Part, kw_only=True):
    """A click, as it is kept."""

    dataset: DatasetName
    click: str
    """Its name: later ones sort behind."""
    user: Id
    item: Id
    rating: Stars | None
    run: RunName | None
    """The champion at that time; null without one."""
    who: Who | None
    at: str
    """ISO 8601, UTC."""
    repeated: bool
    """Whether it was kept within the same second before."""
