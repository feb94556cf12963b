"""Whether the band of scores that makes an image worth keeping is one."""

from tagline.formats.settings import Settings
from tagline.settings.errors import InvalidSettings


def check_band(settings: Settings) -> None:
    """Raise InvalidSettings for a band that no score is in."""
    band = settings.sampling.band
    if band and band[0] >= band[1]:
        raise InvalidSettings(
            f"sampling.band: [{band[0]:g}, {band[1]:g}]: the first score must be below the second",
            "sampling.band",
        )
