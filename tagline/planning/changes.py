"""What a list changes: against the images and labels of the run that was packed last."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from tagline.aws.faults import Absent
from tagline.aws.partitions import read_records
from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument
from tagline.formats.image_index import image_digest, labels_digest
from tagline.formats.keys import RunKeys
from tagline.formats.plan import Changes
from tagline.formats.rows import IndexedImage, PlannedRow
from tagline.planning.store import Store

_COMBINATIONS = 1 << 16  # of labels, whose digests are kept: far fewer than rows in most lists
_log = logging.getLogger(__name__)


def index_rows(rows: Iterable[PlannedRow], names: Sequence[str]) -> Iterator[IndexedImage]:
    """Yield the lines of the run's images.jsonl."""

    @lru_cache(_COMBINATIONS)
    def digest(labels: str) -> str:
        held = (name for name, mark in zip(names, labels, strict=True) if mark == "1")
        return labels_digest(held)

    for row in rows:
        yield IndexedImage(
            image=image_digest(row.bucket, row.key, row.etag),
            id=row.id,
            line=row.line,
            labels=digest(row.labels),
            side=row.split,
        )


def find_changes(bucket: Bucket, run: str, store: Store, names: Sequence[str]) -> Changes | None:
    """Compare a plan's images with those that an earlier run planned.

    None, with a warning, where that run's index is not what a run leaves.
    """
    before = read_records(bucket, RunKeys(run).images, IndexedImage)
    try:
        found = store.compare(before, index_rows(store.planned(), names))
    except (Absent, UnreadableDocument) as exc:
        _log.warning("What changed since run %s is not known: %s", run, exc)
        return None
    return Changes(
        run=run, relabelled=found.relabelled, new=len(store) - found.shared, gone=found.gone
    )


def changes_said(changes: Changes) -> str:
    """Return the changes in words."""
    labels = (
        "labels of before unknown"
        if changes.relabelled is None
        else f"{changes.relabelled:,} images changed labels"
    )
    return f"{labels}, {changes.new:,} new, {changes.gone:,} gone since run {changes.run}"
