"""Whether the shares of the split leave something to train on."""

from tagline.formats.settings import Settings
from tagline.settings.errors import InvalidSettings

_MOST_HELD = 0.9


def check_shares(settings: Settings) -> None:
    """Raise InvalidSettings where validation and test take nearly all the images."""
    split = settings.split
    if split.shares.held > _MOST_HELD:
        raise InvalidSettings(
            f"split.test {split.test:g} and split.validation {split.validation:g} keep more than "
            f"{_MOST_HELD:g} of the images from training: lower one of them",
            "split.test",
        )
