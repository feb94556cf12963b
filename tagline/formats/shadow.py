"""A challenger beside the champion, unseen: how it is deployed so, and what came of it."""

from typing import Literal

from tagline.formats.document import Document, Record
from tagline.formats.rows import Size
from tagline.formats.sagemaker import DataCapture, Variant, VariantOfModel

SHADOW_VARIANT = "Shadow"


class Shadowing(Record):
    """The configuration of the champion's endpoint with the challenger as its shadow."""

    endpoint_config: str
    """Without the attempt."""
    champion: str
    """Whose model goes on answering."""
    production: VariantOfModel
    variant: Variant
    """The challenger's, without its model."""
    capture: DataCapture


class Latency(Record):
    """How long a model took, in milliseconds: half, 95 and 99 of a hundred were as fast."""

    p50: float
    p95: float
    p99: float


class Asked(Record):
    """What CloudWatch counted of one of the two."""

    requests: Size = 0
    errors: Size = 0
    """Answered with a server error."""
    latency: Latency | None = None
    """Null where nobody asked, or where no metric has come yet."""


class LabelAgreement(Record):
    """How far both agree on a label, by the images that both answered."""

    label: str
    alike: float
    """Share of the images where both give the tag, or neither does."""
    difference: float
    """Mean of how far the scores are apart."""
    champion: Size
    """Images that it gives the tag to."""
    challenger: Size


class Shadow(Document, kw_only=True):
    """What came of the challenger as a shadow, before it served."""

    run: str
    champion: str
    share: float
    """Of the requests that it was given."""
    began: str
    """ISO 8601, UTC, like `ended`."""
    ended: str
    wanted: Size
    """Requests answered by both that would have ended it."""
    compared: Size
    """Requests answered by both."""
    alike: float | None
    """Share of them with the same tags, of the labels that both know; null without any."""
    difference: float | None
    """Mean of how far the scores are apart, over those labels."""
    labels: tuple[LabelAgreement, ...]
    left_out: tuple[str, ...] = ()
    """Labels that only one of them knows."""
    asked: Asked
    """The challenger, as the shadow."""
    champion_asked: Asked
    """The champion meanwhile."""
    decision: Literal["serve", "reject"]
    reason: str
    """A sentence for people."""
