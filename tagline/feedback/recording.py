"""A correction is written once: each under a key of its own, whoever sends it again.

The last correction of an image is remembered beside them, over the one before (If-Match), so two
that are sent at once come one after the other, and one that says what the last one does is that
one. A function that dies in between is made good by the next one on the image.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from tagline.aws.faults import Conflict
from tagline.aws.s3 import JSON, Bucket
from tagline.formats.document import encode
from tagline.formats.feedback import Correction, LastCorrection
from tagline.formats.feedback_keys import FeedbackKeys

_TRIES = 8
_TICK = timedelta(microseconds=1)


class Recorded(NamedTuple):
    """A correction that is kept."""

    key: str
    correction: Correction
    repeated: bool
    """Whether it was kept before: the request was sent again."""


class Crowded(RuntimeError):
    """Too many corrections of one image at once."""


def _now() -> datetime:
    return datetime.now(UTC)


def record(
    bucket: Bucket, correction: Correction, clock: Callable[[], datetime] = _now
) -> Recorded:
    """Keep a correction, at the time that it comes; raises Crowded."""
    keys = FeedbackKeys(correction.dataset)
    place = correction.image.s3_uri
    for _ in range(_TRIES):
        found = bucket.find(keys.last(place), LastCorrection)
        last = found.content if found else None
        if last:
            _keep(bucket, last)
            if last.correction.says(correction):
                return Recorded(last.key, last.correction, repeated=True)
        timed = replace(correction, at=_after(last, clock()))
        new = LastCorrection(key=keys.correction(place, timed.at), correction=timed)
        try:
            bucket.write_over(keys.last(place), new, found.etag if found else None)
        except Conflict:
            continue  # another one on the image was faster: look again
        _keep(bucket, new)
        return Recorded(new.key, timed, repeated=False)
    raise Crowded(f"{_TRIES} other corrections of {place} came in between")


def _keep(bucket: Bucket, last: LastCorrection) -> None:
    try:
        bucket.put_over(last.key, encode(last.correction), JSON, None)
    except Conflict:
        return  # it is there


def _after(last: LastCorrection | None, now: datetime) -> str:
    if last:
        now = max(now, datetime.fromisoformat(last.correction.at) + _TICK)
    return f"{now:%Y-%m-%dT%H:%M:%S.%f}Z"
