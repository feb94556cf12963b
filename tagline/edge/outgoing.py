"""A version on its way to devices."""

from dataclasses import dataclass

from tagline.formats.locations import Location


@dataclass(frozen=True)
class Outgoing:
    """A version: its archive, and the signed statement (text, base64) that goes with it."""

    dataset: str
    version: str
    run: str
    artifact: Location
    statement: str
    signature: str
