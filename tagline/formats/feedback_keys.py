"""Where a dataset's corrections, and the images that go with them, lie."""

import hashlib
from dataclasses import dataclass

from tagline.formats.names import InvalidName, check_dataset

_DIGEST = 16


@dataclass(frozen=True)
class FeedbackKeys:
    """Keys below `<dataset>/feedback/`."""

    dataset: str

    def __post_init__(self) -> None:
        check_dataset(self.dataset)

    @property
    def prefix(self) -> str:
        """Prefix of all of them."""
        return f"{self.dataset}/feedback/"

    @property
    def corrections(self) -> str:
        """Prefix of the corrections: nothing below it is ever overwritten."""
        return f"{self.prefix}corrections/"

    def correction(self, place: str, at: str) -> str:
        """Return the key of a correction of the image at `place`; keys sort by their times."""
        time = at.replace("-", "").replace(":", "")
        return f"{self.corrections}{time}-{_digest(place)}.json"

    def last(self, place: str) -> str:
        """Return the key of the last correction of the image at `place`."""
        return f"{self.prefix}last/{_digest(place)}.json"

    @property
    def clicks(self) -> str:
        """Prefix of the clicks on what was recommended."""
        return f"{self.prefix}clicks/"

    def click(self, at: str, user: str, item: str) -> str:
        """Return the key of a user's click on an item; keys sort by their times."""
        time = at.replace("-", "").replace(":", "")
        pair = f"{user}\0{item}"
        return f"{self.clicks}{time}-{_digest(pair)}.json"

    @property
    def images(self) -> str:
        """Prefix of images that were sent with corrections, which training may read."""
        return f"{self.prefix}images/"

    def image(self, sha256: str, extension: str) -> str:
        """Return the key of an image that was sent with a correction."""
        return f"{self.images}{sha256}.{extension}"

    def merged(self, sha256: str) -> str:
        """Return the key of what was merged into a list, by the hash of its bytes."""
        return f"{self.prefix}merged/{sha256}.json"

    @property
    def retrain(self) -> str:
        """When corrections had themselves merged last."""
        return f"{self.prefix}retrain.json"

    @property
    def sampled(self) -> str:
        """Prefix of images that were kept of requests; they expire."""
        return f"{self.prefix}sampled/"

    def sample(self, day: str, sha256: str, extension: str) -> str:
        """Return the key of an image that was kept of a request on a day (2026-11-26)."""
        return f"{self.sampled}{day}/{sha256}.{extension}"

    def slots(self, day: str, of: str = "slots") -> str:
        """Return the prefix of a day's places for images; there are as many as the quota says.

        `of` tells places of requests' images, `slots`, from those of devices' `frames`.
        """
        return f"{self.sampled}{day}/{of}/"

    def slot(self, day: str, number: int, of: str = "slots") -> str:
        """Return the key of one of them."""
        return f"{self.slots(day, of)}{number:05d}"


def dataset_of_correction(key: str) -> str:
    """Return whose correction a key is; raises InvalidName for any other key."""
    dataset, _, rest = key.partition("/")
    if not rest.startswith("feedback/corrections/"):
        raise InvalidName(f"key {key[:120]!r} is no correction")
    return check_dataset(dataset)


def _digest(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()[:_DIGEST]
