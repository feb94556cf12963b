"""What AWS IoT's rules hand to the function that keeps what devices say, and what it answers."""

from typing import Annotated, Literal

from msgspec import Meta

from tagline.formats.document import Record


class DeviceMessage(Record):
    """A message as its rule passes it on (templates/edge.yaml has the rules' SQL)."""

    device: str
    """Of the topic, on which only that device may publish."""
    kind: Literal["results", "frames", "health"]
    """The topic's last word."""
    received: Annotated[int, Meta(ge=0)]
    """When, by the cloud's clock: milliseconds since 1970."""
    payload: str
    """What was sent, base64."""


class HeardAnswer(Record):
    """KeepEdgeResults: what became of a message."""

    device: str
    kind: str
    dataset: str | None
    """Null where the message could not be read."""
    kept: bool
    """False for what is refused, or was kept before."""
    said: str
    """In a few words."""
