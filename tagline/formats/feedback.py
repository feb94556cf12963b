"""What people say of tags: corrections, each a file that nobody overwrites."""

from collections.abc import Mapping

from tagline.formats.document import Document, Record
from tagline.formats.rows import Size


class CorrectedImage(Record):
    """An image that tags were corrected of."""

    s3_uri: str
    """Where it lies, or lay."""
    sha256: str | None = None
    """Of its bytes, hexadecimal; null where nobody read them."""
    id: int | None = None
    """Of the list's row that was named, or found by the hash."""
    path: str | None = None
    """As that row has it."""


class Correction(Document, kw_only=True):
    """What a person said of the tags of one image."""

    dataset: str
    image: CorrectedImage
    run: str | None
    """Whose tags were looked at; null where there is no champion."""
    confirmed: tuple[str, ...] = ()
    """Labels that the image has, as the model said."""
    added: tuple[str, ...] = ()
    """Labels that it has, too."""
    removed: tuple[str, ...] = ()
    """Labels that it does not have."""
    who: str | None
    """The token's subject, the caller's ARN, or what the request said where nobody signs in."""
    at: str
    """ISO 8601, UTC, with microseconds; later ones of an image have later times."""

    def says(self, other: "Correction") -> bool:
        """Return whether it says what another one does, at whatever time."""
        return _said(self) == _said(other)


def _said(correction: Correction) -> tuple[object, ...]:
    lists = (correction.confirmed, correction.added, correction.removed)
    return (correction.image.s3_uri, correction.run, correction.who, *map(frozenset, lists))


class LastCorrection(Document, kw_only=True):
    """The last correction of an image, and the key it is kept under: what makes a retry no other.

    It is written first, over the one before; the correction's own file follows.
    """

    key: str
    correction: Correction


class Click(Document, kw_only=True):
    """That a user chose an item that was recommended, or how they rate it."""

    dataset: str
    user: str
    item: str
    rating: float | None
    """Null where it counts as liked."""
    run: str | None
    """The champion at that time."""
    who: str | None
    """The token's subject, the caller's ARN, or what the request said where nobody signs in."""
    at: str
    """ISO 8601, UTC."""


class Sample(Document, kw_only=True):
    """An image of a tag request, or a device's frame, kept for a while; what the model said."""

    dataset: str
    key: str
    """Of the image."""
    sha256: str
    """Of its bytes, hexadecimal."""
    bytes: Size
    run: str | None
    """Whose model answered; null for a device's model that was never released."""
    scores: Mapping[str, float]
    """By label; of a frame the highest."""
    at: str
    """ISO 8601, UTC."""
    device: str | None = None
    """Whose frame it is; null for an image of a request."""
