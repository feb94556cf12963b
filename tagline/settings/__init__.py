"""A dataset's settings: reading dataset.yaml. Their types are in tagline.formats.settings."""

from tagline.settings.errors import InvalidSettings
from tagline.settings.reading import load_settings, located
from tagline.settings.thresholds import check_thresholds
from tagline.settings.tried import as_metadata, read_tried, with_tried

__all__ = [
    "InvalidSettings",
    "as_metadata",
    "check_thresholds",
    "load_settings",
    "located",
    "read_tried",
    "with_tried",
]
