"""What the API answers of devices: openapi.json is made from these types (`make docs`)."""

from typing import Annotated

from msgspec import Meta

from tagline.api.documents import DatasetName, LinkUrl, Part, RunName, Score
from tagline.formats.rows import Size

DeviceName = Annotated[str, Meta(pattern="^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$")]
Time = Annotated[str, Meta(description="ISO 8601, UTC.")]


class DeviceShown(Part, kw_only=True):
    """A device, and what was last heard of it."""

    device: DeviceName
    group: str | None
    """The thing group that it is updated with."""
    registered: Time
    seen: Time | None
    """To the minute; null: never."""
    online: bool
    """Whether that was within the last five minutes."""
    version: str | None
    """Of the model that it runs."""
    current: bool | None
    """Whether that is the champion's; null where the champion was not released."""
    fps: float | None
    temperature: float | None
    """Degrees Celsius."""
    uptime: float | None
    """Seconds."""
    buffered: int | None
    """Results that wait on it to be sent."""
    dropped: int | None
    """Results that it had no room for, ever."""
    camera: bool | None
    """Whether frames come."""
    update: str | None
    """What came of its last update, in its own words."""
    problem: str | None
    """Why something that it sent was last refused."""
    problem_at: Time | None


class FrameScore(Part, kw_only=True):
    """A label and how sure the model was of it."""

    label: str
    score: Score


class FrameShown(Part, kw_only=True):
    """A frame that a device was unsure of, and that nobody has labelled yet."""

    hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """By which `POST /datasets/{dataset}/feedback` takes what it shows."""
    device: str
    at: Time
    run: str | None
    """Whose model was unsure."""
    scores: list[FrameScore]
    """The highest ones, best first."""
    bytes: Size
    url: LinkUrl


class Devices(Part, kw_only=True):
    """A dataset's devices by their names, a thousand at most."""

    dataset: DatasetName
    run: RunName | None
    """The champion."""
    version: str | None
    """What the champion was released as; null where it was not."""
    devices: list[DeviceShown]
    frames: list[FrameShown]
    """The newest ones of the last days, 24 at most."""
