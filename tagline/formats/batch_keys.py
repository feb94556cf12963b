"""What a batch's list is called, and where all that comes of it lies."""

import hashlib
import re
from dataclasses import dataclass

from tagline.formats.locations import plain_etag
from tagline.formats.names import InvalidName, check_dataset, dataset_of_run

_LIST = re.compile(
    r"(?P<dataset>[^/]+)/batches/(?P<name>[^/]+?)\.(?P<kind>txt|lst|csv)(?P<packed>\.gz)?"
)
_MADE = ".tags"  # what a batch leaves ends in .tags.jsonl and .tags.lst
_DIGEST = 16


@dataclass(frozen=True)
class BatchList:
    """A list of images to tag: `<dataset>/batches/<name>.<kind>`, or .gz of it."""

    dataset: str
    name: str
    kind: str
    """txt: a path a line; lst: the path in the last column; csv: in a column of its own."""

    @classmethod
    def of(cls, key: str) -> "BatchList":
        """Return the list of a key; raises InvalidName with what it should be called."""
        found = _LIST.fullmatch(key)
        if found is None or found["name"].endswith(_MADE):
            raise InvalidName(
                f"key {key[:120]!r} is no batch: that is <dataset>/batches/<name>.txt, .lst or "
                f".csv, or .gz of these, and its name does not end in {_MADE}"
            )
        return cls(check_dataset(found["dataset"]), found["name"], found["kind"])

    @property
    def tags(self) -> str:
        """Key of the verdicts."""
        return f"{self.dataset}/batches/{self.name}{_MADE}.jsonl"

    @property
    def published(self) -> str:
        """Key of the document that says which batch both files are of."""
        return f"{self.dataset}/batches/{self.name}{_MADE}.json"

    @property
    def rows(self) -> str:
        """Key of the tagged images, as a list."""
        return f"{self.dataset}/batches/{self.name}{_MADE}.lst"


def batch_name(bucket: str, key: str, version_id: str, etag: str) -> str:
    """Return the name of the batch (and execution) of one version of a list; raises InvalidName."""
    identity = "\0".join((bucket, key, version_id, plain_etag(etag)))
    digest = hashlib.sha256(identity.encode()).hexdigest()[:_DIGEST]
    return f"{BatchList.of(key).dataset}-{digest}"


def batches_of(dataset: str) -> str:
    """Return the prefix of a dataset's lists of images to tag, and of what comes of them."""
    return f"{check_dataset(dataset)}/batches/"


@dataclass(frozen=True)
class BatchKeys:
    """Keys of one batch, whose name has a run's form; they lie under `prefix`."""

    batch: str

    def __post_init__(self) -> None:
        dataset_of_run(self.batch)

    @property
    def dataset(self) -> str:
        """The dataset the batch belongs to."""
        return dataset_of_run(self.batch)

    @property
    def prefix(self) -> str:
        """Prefix of all of the batch's objects but the published two."""
        return f"{batches_of(self.dataset)}{self.batch}/"

    @property
    def plan(self) -> str:
        """What the batch works on."""
        return f"{self.prefix}plan.json"

    @property
    def shards(self) -> str:
        """The shards (a JSON array, which the Map reads)."""
        return f"{self.prefix}shards.json"

    @property
    def status(self) -> str:
        """How the batch ended."""
        return f"{self.prefix}status.json"

    @property
    def done(self) -> str:
        """Prefix of the shards' verdicts."""
        return f"{self.prefix}tagged/"

    def shard_items(self, shard: str) -> str:
        """Return the key of a shard's images (JSON Lines)."""
        return f"{self.prefix}shards/{shard}.jsonl"

    def shard_verdicts(self, shard: str) -> str:
        """Return the key of a shard's verdicts (JSON Lines); written last."""
        return f"{self.done}{shard}.jsonl"

    def shard_rows(self, shard: str) -> str:
        """Return the key of a shard's tagged images, as rows of a list.

        It is not called .lst: StartRun would be told of each.
        """
        return f"{self.prefix}rows/{shard}.tsv"
