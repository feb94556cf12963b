"""Which of a plan's images an earlier run has packed already, so that nobody fetches them again."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from tagline.aws.faults import Absent
from tagline.aws.partitions import read_records
from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument
from tagline.formats.image_index import PACKING, image_digest
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.owners import check_run
from tagline.formats.packed import CHANNELS, PackedDataset, PackedRuns
from tagline.formats.pictures import Seen
from tagline.formats.plan import Reuse
from tagline.formats.rows import IndexedImage, PlannedRow, Reject
from tagline.formats.settings import AUTO, ImageSettings

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MarkedRows:
    """The rows of a plan, those marked whose image an earlier run has packed: `images` of them."""

    rows: Sequence[PlannedRow]
    images: int = 0
    reuse: Reuse | None = None
    packed_before: tuple[str, ...] = ()
    """The runs that packed the dataset last, newest first."""
    seen: Seen | None = None


def find_reusable(
    bucket: Bucket, runs: tuple[str, ...], image: ImageSettings, rows: Sequence[PlannedRow]
) -> MarkedRows:
    """Mark the rows whose image, in the very version that is planned, is in an earlier packed set.

    Of the sets that `runs` packed, the one that has most of them. A set counts where it is
    complete, lies in the bucket, and was made with the same image settings and PACKING. The colour
    of `background: auto` stays with the records; where they are less than half of the plan's it is
    chosen anew.
    """
    best = MarkedRows(rows, packed_before=runs)
    wanted = {image_digest(row.bucket, row.key, row.etag): at for at, row in enumerate(rows)}
    for run in runs:
        keys = RunKeys(run)
        packed = _packed_set(bucket, keys, image)
        if packed is None:
            continue
        records = _look_up(bucket, keys, wanted)
        if len(records) > best.images:
            best = MarkedRows(
                [
                    replace(row, reuse=records[at]) if at in records else row
                    for at, row in enumerate(rows)
                ],
                len(records),
                Reuse(
                    run=run,
                    packing=PACKING,
                    sha256={
                        channel: digest
                        for side, channel in CHANNELS.items()
                        if (digest := getattr(packed.sha256, side))
                    },
                    background=packed.background if image.background == AUTO else None,
                ),
                runs,
                Seen(run=run, lost=packed.lost, near_copies=packed.near_copies),
            )
        if best.images == len(rows):
            break
    if image.background == AUTO and 2 * best.images < len(rows):
        return MarkedRows(rows, packed_before=runs)
    return best


def packed_runs(bucket: Bucket, dataset: DatasetKeys) -> tuple[str, ...]:
    """Return the runs that packed the dataset last, newest first."""
    try:
        pointer = bucket.find(dataset.packed_run, PackedRuns)
        runs = (pointer.content.run, *pointer.content.before) if pointer else ()
        for run in runs:
            check_run(dataset.dataset, run, bucket.uri(dataset.packed_run))
    except UnreadableDocument as exc:
        _log.warning("No image of an earlier run is reused: %s", exc)
        return ()
    return runs


def _packed_set(bucket: Bucket, keys: RunKeys, image: ImageSettings) -> PackedDataset | None:
    """Return what a run packed if it is whole and made as this plan's would be."""
    try:
        found = bucket.find(keys.packed_dataset, PackedDataset)
    except UnreadableDocument as exc:
        _warn(keys, exc)
        return None
    if found is None:
        return None
    packed = found.content
    if packed.packing != PACKING or not _made_as(packed, image):
        return None
    for side, channel in CHANNELS.items():
        for file in packed.record_files(side):
            head = bucket.head(f"{keys.packed_folder(channel)}{file.name}")
            if head is None or head.size != file.bytes:
                return None
    return packed


def _made_as(packed: PackedDataset, image: ImageSettings) -> bool:
    """Return whether a set was made with these settings; `auto` takes what was chosen by it."""
    if image.background != AUTO:
        return packed.image == image.on(image.background)
    return packed.background is not None and packed.image == image.on(packed.background.colour)


def _look_up(bucket: Bucket, keys: RunKeys, wanted: Mapping[str, int]) -> dict[int, int]:
    """Return the ids of the run's records that hold wanted images, by the row's position.

    None, with a warning, where the run's index or rejects are not what a run leaves: then every
    image is fetched.
    """
    found: dict[int, int] = {}
    rows_at: dict[int, int] = {}
    try:
        for indexed in read_records(bucket, keys.images, IndexedImage):
            at = wanted.get(indexed.image)
            if at is not None:
                found[at] = indexed.id
                rows_at[indexed.line] = at
        for reject in bucket.lines(keys.rejects, Reject):
            at = rows_at.get(reject.line)
            if at is not None:  # planned, but its image turned out to be of no use
                found.pop(at, None)
    except (Absent, UnreadableDocument) as exc:
        _warn(keys, exc)
        return {}
    return found


def _warn(keys: RunKeys, exc: Exception) -> None:
    _log.warning("No image of run %s is reused: %s", keys.run, exc)
