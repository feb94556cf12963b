"""Where a dataset's ratings, and what a run makes of them, lie."""

import hashlib
from dataclasses import dataclass

from tagline.formats.keys import RunKeys
from tagline.formats.names import check_dataset
from tagline.formats.rows import Side

MAX_ITEMS_BYTES = 64 << 20  # of items.csv


@dataclass(frozen=True)
class RatingsKeys:
    """Keys of a dataset of ratings, whatever the run."""

    dataset: str

    def __post_init__(self) -> None:
        check_dataset(self.dataset)

    @property
    def ratings(self) -> str:
        """Prefix of the ratings files."""
        return f"{self.dataset}/ratings/"

    @property
    def items(self) -> str:
        """Optional titles of the items."""
        return f"{self.dataset}/items.csv"


@dataclass(frozen=True)
class RatingsRunKeys:
    """Keys of what a run makes of ratings."""

    run: str

    def _of(self, name: str) -> str:
        return RunKeys(self.run).of(name)

    def channel(self, side: Side) -> str:
        """Return the prefix of a channel: train/, validation/ or test/."""
        return self._of(f"{side}/")

    def ratings(self, side: Side) -> str:
        """Return the key of a side's ratings: gzip, `user,item,rating,timestamp` with a header."""
        return f"{self.channel(side)}ratings.csv.gz"

    @property
    def items_channel(self) -> str:
        """Prefix of the items' channel."""
        return self._of("items/")

    @property
    def items(self) -> str:
        """The accepted items and their titles: `item,title` with a header."""
        return f"{self.items_channel}items.csv"

    def histories(self, partition: int) -> str:
        """Return the key of what some users rated (`partition_of` tells which; gzip)."""
        return self._of(f"histories/{partition:04d}.json.gz")


def partition_of(user: str, partitions: int) -> int:
    """Return in which of the files a user's history lies."""
    digest = hashlib.blake2b(user.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % partitions
