"""What a device sends, and how much it keeps while it is offline: `sending` in device.json."""

from typing import Annotated

from msgspec import Meta

from tagline.formats.document import Record


class Sending(Record, kw_only=True):
    """What goes out by MQTT; a person may change it on the device."""

    results_per_second: Annotated[float, Meta(gt=0, le=50)] = 1.0
    """At most so many results; frames between them are seen and not told."""
    change_only: bool = False
    """Whether only a result goes out that says another thing than the last one."""
    health_seconds: Annotated[float, Meta(ge=1, le=86400)] = 30.0
    """How often health and shadow are told."""
    buffer_rows: Annotated[int, Meta(ge=1, le=10_000_000)] = 100_000
    """Results that are kept while nobody takes them; then the oldest are dropped, and counted."""
    buffer_bytes: Annotated[int, Meta(ge=10_000, le=10_000_000_000)] = 64_000_000
    """The same in bytes of messages."""
    frames_per_day: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """Frames the model is unsure of that are sent for people to label; none unless asked for."""
    frame_seconds: Annotated[float, Meta(ge=0.1)] = 10.0
    """At least so long from one such frame to the next: they are much alike."""
