"""Whether anybody may listen to what happens to an object, told from its key alone.

Most of what is uploaded concerns nobody: to make an event of each image, and to hold it against
every rule in a thread of its own, costs more than to store the image.
"""

import functools
import json
from typing import Any

from local import patching

_EVENTS = "ministack.services.eventbridge"
_S3 = "ministack.services.s3"


class Listeners:
    """The rules and notifications of ministack, asked about keys."""

    def __init__(self) -> None:
        self._rules = patching.member(_EVENTS, "_rules", object)
        self._matches = patching.function(
            _EVENTS, "_matches_pattern_view", "pattern_str", "view", "owner"
        )
        self._wanted = patching.member(_S3, "_bucket_notifications", object)
        parse = patching.function(_S3, "_parse_notification_config_raw", "raw")
        self._notifications = functools.lru_cache(64)(parse)

    def may_be(self, bucket: str, key: str) -> bool:
        """Tell whether a notification or a rule of whatever state may be for a key of a bucket."""
        wanted = self._wanted.get(bucket)
        if not wanted or self._notifications(wanted):
            return bool(wanted)
        event = _KnownSoFar(key)
        patterns = [rule.get("EventPattern") for rule in list(self._rules.values())]
        texts = [told_by_key(pattern) for pattern in patterns if pattern]  # a schedule has none
        return any(text is None or self._matches(text, event, "rule") for text in texts)


@functools.lru_cache(1024)
def told_by_key(pattern: str) -> str | None:
    """Return what a pattern asks of an event's source and an object's key, which must hold first.

    None where it asks neither, or cannot be read.
    """
    try:
        asked = json.loads(pattern)
        first = {"source": asked["source"]} if "source" in asked else {}
        about = asked.get("detail", {}).get("object", {})
        if "key" in about:
            first["detail"] = {"object": {"key": about["key"]}}
    except (ValueError, TypeError, AttributeError):
        return None
    return json.dumps(first) if first else None


class _KnownSoFar:
    """An event of S3 as ministack holds it to patterns, of which no more than the key is known."""

    def __init__(self, key: str) -> None:
        self._event = {"source": "aws.s3", "detail": {"object": {"key": key}}}

    def envelope(self) -> dict[str, Any]:
        """Return what is known; a pattern reads of it what it names."""
        return self._event

    def event_with_detail(self) -> dict[str, Any]:
        """Return the same."""
        return self._event
