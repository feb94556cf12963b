"""Times as messages have them."""

from datetime import UTC, datetime


def stamp(seconds: float) -> str:
    """Return seconds since 1970 as ISO 8601, UTC, with milliseconds and Z."""
    at = datetime.fromtimestamp(seconds, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
