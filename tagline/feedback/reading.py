"""The corrections of a dataset, in the order in which they came."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import takewhile

from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument
from tagline.formats.feedback import Correction
from tagline.formats.feedback_keys import FeedbackKeys

_PARALLEL = 16


@dataclass(frozen=True)
class Entry:
    """A correction by its key; one whose file is damaged has a fault instead."""

    key: str
    correction: Correction | None
    fault: str | None = None


def read_corrections(bucket: Bucket, dataset: str, through: str | None = None) -> list[Entry]:
    """Return the corrections of a dataset, those up to a key if one is named."""
    keys: Iterator[str] = bucket.keys(FeedbackKeys(dataset).corrections)
    if through is not None:
        last = through
        keys = takewhile(lambda key: key <= last, keys)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(lambda key: _entry(bucket, dataset, key), keys))


def _entry(bucket: Bucket, dataset: str, key: str) -> Entry:
    try:
        found = bucket.get(key, Correction)
    except UnreadableDocument as exc:
        return Entry(key, None, str(exc))
    if found is None:
        return Entry(key, None, f"{bucket.uri(key)} was deleted meanwhile")
    if found.dataset != dataset:
        return Entry(key, None, f"{bucket.uri(key)} is of dataset {found.dataset!r:.60}")
    return Entry(key, found)
