"""What a list changes: against the images and labels of the run that was packed last."""

import logging
from collections.abc import Mapping, Sequence

from tagline.aws.faults import Absent
from tagline.aws.partitions import read_records
from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument
from tagline.formats.image_index import image_digest, labels_digest
from tagline.formats.keys import RunKeys
from tagline.formats.plan import Changes
from tagline.formats.rows import IndexedImage, PlannedRow

_log = logging.getLogger(__name__)


def index_rows(rows: Sequence[PlannedRow], names: Sequence[str]) -> list[IndexedImage]:
    """Return the lines of the run's images.jsonl."""
    digests: dict[str, str] = {}  # of the combinations of labels, which are far fewer than rows
    for row in rows:
        if row.labels not in digests:
            held = (name for name, mark in zip(names, row.labels, strict=True) if mark == "1")
            digests[row.labels] = labels_digest(held)
    return [
        IndexedImage(
            image=image_digest(row.bucket, row.key, row.etag),
            id=row.id,
            line=row.line,
            labels=digests[row.labels],
            side=row.split,
        )
        for row in rows
    ]


def find_changes(bucket: Bucket, run: str, index: Sequence[IndexedImage]) -> Changes | None:
    """Compare a plan's images with those that an earlier run planned.

    None, with a warning, where that run's index is not what a run leaves.
    """
    labels: Mapping[str, str | None] = {image.image: image.labels for image in index}
    shared = gone = relabelled = 0
    told = True
    try:
        for before in read_records(bucket, RunKeys(run).images, IndexedImage):
            if before.image not in labels:
                gone += 1
                continue
            shared += 1
            told = told and before.labels is not None
            relabelled += before.labels != labels[before.image]
    except (Absent, UnreadableDocument) as exc:
        _log.warning("What changed since run %s is not known: %s", run, exc)
        return None
    return Changes(
        run=run, relabelled=relabelled if told else None, new=len(labels) - shared, gone=gone
    )


def changes_said(changes: Changes) -> str:
    """Return the changes in words."""
    labels = (
        "labels of before unknown"
        if changes.relabelled is None
        else f"{changes.relabelled:,} images changed labels"
    )
    return f"{labels}, {changes.new:,} new, {changes.gone:,} gone since run {changes.run}"
