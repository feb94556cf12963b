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
        view = _OnlyAKey(key)
        texts = (about_keys(rule.get("EventPattern")) for rule in list(self._rules.values()))
        return any(text is None or self._matches(text, view, "rule") for text in texts)


@functools.lru_cache(1024)
def about_keys(pattern: str | None) -> str | None:
    """Return what a pattern asks of an object's key, which is what must hold besides all else.

    None where it asks nothing, or cannot be read.
    """
    try:
        found = json.loads(pattern or "")["detail"]["object"]["key"]
    except (ValueError, LookupError, TypeError):
        return None
    return json.dumps({"detail": {"object": {"key": found}}})


class _OnlyAKey:
    """An event of which nothing but the object's key is known, as ministack holds it to patterns."""

    def __init__(self, key: str) -> None:
        self._event: dict[str, Any] = {"detail": {"object": {"key": key}}}

    def envelope(self) -> dict[str, Any]:
        """Return what is known but the detail."""
        return {}

    def event_with_detail(self) -> dict[str, Any]:
        """Return all that is known."""
        return self._event
