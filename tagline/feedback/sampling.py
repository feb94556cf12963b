"""Which images of requests are kept, and that there are no more of them a day than the quota says.

A day has as many places as the quota: objects that are written where there is none (If-None-Match),
a place at random. So any number of functions keep to it together, and none counts for the others.
"""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tagline.aws.faults import Conflict
from tagline.aws.s3 import JSON, Bucket
from tagline.feedback.images import Kept
from tagline.formats.document import encode
from tagline.formats.feedback import Sample
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.feedback_settings import Sampling
from tagline.formats.image_headers import EXTENSIONS

_GUESSES = 2  # at a free place, before all of a day's are looked at
_WHOLE = 1 << 32


def is_worth(
    settings: Sampling, scores: Mapping[str, float], *, unsure: bool | None = None
) -> bool:
    """Tell whether people should look at an image with such scores.

    Where it has exactly one label, of which the model is `unsure` or not, the highest score tells.
    """
    if not settings.percent:
        return False
    if settings.band is None or unsure:
        return True
    low, high = settings.band
    telling = scores.values() if unsure is None else [max(scores.values(), default=0.0)]
    return any(low <= score <= high for score in telling)


def is_picked(settings: Sampling, sha256: str) -> bool:
    """Tell whether an image is among the percentage: always the same answer for an image."""
    return int(sha256[:8], 16) < settings.percent / 100 * _WHOLE


@dataclass(frozen=True)
class Answered:
    """An image, and what whose model said of it."""

    dataset: str
    image: Kept
    run: str | None
    scores: Mapping[str, float]
    """By label."""
    device: str | None = None
    """Whose frame it is, if it is one."""
    unsure: bool | None = None
    """Of an image that has exactly one label: whether the model is unsure of it."""

    @property
    def places(self) -> str:
        """Return which of a day's places it takes one of."""
        return "frames" if self.device else "slots"


class _Places(NamedTuple):
    """A day's places for images of one kind."""

    keys: FeedbackKeys
    day: str
    of: str


class Sampler:
    """Keeps images of requests in the data bucket."""

    def __init__(self, bucket: Bucket, go_on: Callable[[], None] = lambda: None) -> None:
        """`go_on` is called before each request to S3; it raises where time is over."""
        self._bucket = bucket
        self._go_on = go_on
        self._full: set[tuple[str, str, str, int]] = set()

    def keep(self, answered: Answered, settings: Sampling, now: datetime) -> bool:
        """Keep an image with its scores, if it is worth it; return whether it was kept now."""
        if not is_worth(settings, answered.scores, unsure=answered.unsure):
            return False
        dataset, image, day = answered.dataset, answered.image, f"{now:%Y-%m-%d}"
        sha256 = hashlib.sha256(image.data).hexdigest()
        full = (dataset, day, answered.places, settings.quota)
        if not is_picked(settings, sha256) or full in self._full:
            return False
        keys, tags = FeedbackKeys(dataset), expiry(settings)
        key = keys.sample(day, sha256, EXTENSIONS[image.content_type])
        self._go_on()
        places = _Places(keys, day, answered.places)
        if self._bucket.head(key) or not self._claims(places, settings):
            return False
        sample = Sample(
            dataset=dataset,
            key=key,
            sha256=sha256,
            bytes=len(image.data),
            run=answered.run,
            scores={label: round(score, 6) for label, score in answered.scores.items()},
            at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
            device=answered.device,
        )
        self._go_on()
        self._bucket.put(key, image.data, image.content_type, tags=tags)
        self._go_on()
        self._bucket.put(keys.sample(day, sha256, "json"), encode(sample), JSON, tags=tags)
        return True

    def _claims(self, places: "_Places", settings: Sampling) -> bool:
        """Take one of the day's places; False where none is left."""
        keys, day, of = places
        slots = [keys.slot(day, number, of) for number in range(settings.quota)]
        if self._takes_one(slots, settings):
            return True
        self._go_on()
        taken = {*self._bucket.keys(keys.slots(day, of))}
        free = [slot for slot in slots if slot not in taken]
        if not free:
            self._full = {(keys.dataset, day, of, settings.quota)}  # nothing more is asked that day
        return self._takes_one(free, settings)

    def _takes_one(self, slots: Sequence[str], settings: Sampling) -> bool:
        for slot in random.sample(slots, min(_GUESSES, len(slots))):
            self._go_on()
            try:
                self._bucket.put_over(slot, b"", "text/plain", None, expiry(settings))
            except Conflict:
                continue
            return True
        return False


def expiry(settings: Sampling) -> str:
    """Return the tag by which the bucket's rules delete what was kept of requests."""
    return f"tagline=sampled-{settings.keep_days}"
