"""A dataset's settings: reading dataset.yaml. Their types are in tagline.formats.settings."""

from tagline.settings.errors import InvalidSettings
from tagline.settings.reading import load_settings, located

__all__ = ["InvalidSettings", "load_settings", "located"]
