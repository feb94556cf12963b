"""Whether the settings name one loss."""

from tagline.formats.settings import Settings
from tagline.settings.errors import InvalidSettings


def check_loss(settings: Settings) -> None:
    """Raise InvalidSettings where the older name of `loss: weighted` asks for another loss."""
    asked = settings.training
    if asked.use_weighted_loss and asked.loss not in (None, "weighted"):
        raise InvalidSettings(
            f"training.use_weighted_loss is the older name of training.loss: weighted, and "
            f"training.loss is {asked.loss}: keep one",
            "training.use_weighted_loss",
        )
    ranges = settings.tuning.ranges if settings.tuning else None
    if ranges and ranges.loss is not None and ranges.use_weighted_loss is not None:
        raise InvalidSettings(
            "tuning.ranges.use_weighted_loss is the older name of tuning.ranges.loss: keep one",
            "tuning.ranges.use_weighted_loss",
        )
