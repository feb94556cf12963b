"""What devices say by MQTT: results, health, frames they are unsure of; what their shadow reports.

A message is one JSON object, of at most `MOST_BYTES`: what IoT Core takes. `format_version` grows
with a changed meaning; a key that nobody knows is passed over.
"""

import re
from typing import Annotated

from msgspec import Meta

from tagline.formats.document import Record

MOST_BYTES = 128 * 1024
MOST_FRAME_BYTES = 100_000  # of a message with a frame
MOST_SCORES = 5
MOST_TAGS = 100
FORMAT_VERSION = 1
DEVICE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")  # as things are named
MOST_SEQUENCE = 10**12 - 1  # twelve digits, as files are named by it

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Share = Annotated[float, Meta(ge=0, le=1)]
Sequence = Annotated[int, Meta(ge=1, le=MOST_SEQUENCE)]
Count = Annotated[int, Meta(ge=0)]
At = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Version = Annotated[str, Meta(max_length=64, pattern=r"^\d+\.\d+\.\d+$")]
Format = Annotated[int, Meta(ge=1, le=FORMAT_VERSION)]


class LabelScore(Record):
    """A label and how sure the model is of it."""

    label: Name
    score: Share


class EdgeResult(Record, kw_only=True):
    """What the model saw in one frame: `tagline/<device>/results`."""

    format_version: Format = FORMAT_VERSION
    device: Annotated[str, Meta(max_length=64)]
    dataset: Name
    version: Version
    """Of the model."""
    sequence: Sequence
    """Grows by 1 with each result of a device, for ever: what comes twice has the same one."""
    at: At
    """When the frame was taken; UTC, with milliseconds."""
    label: Name | None
    """The best label; null where the model is unsure, or several may hold."""
    unsure: bool
    """Whether no label reached its threshold."""
    confidence: Share
    """The best label's score."""
    scores: Annotated[tuple[LabelScore, ...], Meta(max_length=MOST_SCORES)]
    """The highest ones, best first."""
    tags: Annotated[tuple[Name, ...], Meta(max_length=MOST_TAGS)] = ()
    """Of a model of several labels an image, those that reached their thresholds."""


class EdgeFrame(Record, kw_only=True):
    """A frame the model was unsure of, for people to label: `tagline/<device>/frames`."""

    format_version: Format = FORMAT_VERSION
    device: Annotated[str, Meta(max_length=64)]
    dataset: Name
    version: Version
    at: At
    confidence: Share
    scores: Annotated[tuple[LabelScore, ...], Meta(max_length=MOST_SCORES)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    """Of the JPEG's bytes."""
    jpeg: Annotated[str, Meta(max_length=MOST_FRAME_BYTES)]
    """The frame, base64."""


class EdgeState(Record):
    """How a device is: what its shadow reports."""

    dataset: Name
    version: Version | None
    """Of the model that answers; null before the first."""
    fps: Annotated[float, Meta(ge=0)]
    """Frames a second that the model sees."""
    temperature: float | None
    """Of the board in °C; null where it has no sensor."""
    uptime: Annotated[float, Meta(ge=0)]
    """Seconds since the program started."""
    buffered: Count
    """Results that wait to be delivered."""


class EdgeHealth(EdgeState, kw_only=True):
    """The same with what was lost: `tagline/<device>/health`."""

    format_version: Format = FORMAT_VERSION
    device: Annotated[str, Meta(max_length=64)]
    at: At
    dropped: Count = 0
    """Results that were dropped for want of room, ever."""
    camera: bool = True
    """Whether frames come."""
    update: Annotated[str, Meta(max_length=500)] | None = None
    """What came of the last update."""


def results_topic(device: str) -> str:
    """Return where a device's results go."""
    return f"tagline/{device}/results"


def frames_topic(device: str) -> str:
    """Return where frames go that a device is unsure of."""
    return f"tagline/{device}/frames"


def health_topic(device: str) -> str:
    """Return where a device says how it is."""
    return f"tagline/{device}/health"
