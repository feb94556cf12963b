"""A dataset's settings: reading dataset.yaml. Their types are in tagline.formats.settings."""

from tagline.settings.errors import InvalidSettings
from tagline.settings.reading import MAX_SETTINGS_BYTES, load_settings, located

__all__ = ["MAX_SETTINGS_BYTES", "InvalidSettings", "load_settings", "located"]
