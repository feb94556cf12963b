"""That corrections had themselves merged into a list, and up to which: retrain.json."""

from tagline.formats.document import Document
from tagline.formats.rows import Size


class Retraining(Document, kw_only=True):
    """The last time that corrections were merged by themselves; written over the time before."""

    dataset: str
    at: str
    """ISO 8601, UTC."""
    through: str
    """Key of the last correction that was merged."""
    corrections: Size
    """Those that were new."""
    list: str | None
    """Key of the list that is dropped; null where they changed nothing in the newest."""
